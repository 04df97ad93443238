/** One peer's endorser service: proposals in, its answer or its refusal out. */
import type { CallOptions } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { Unavailable, Unprocessable } from '../errors.ts';
import type { PeerEndpoint } from './connection.ts';
import { isAway, type PeerConnection } from './grpc.ts';
import type { Proposal } from './proposals.ts';

/** A peer, and the connection to it. */
export interface Endorser {
  readonly endpoint: PeerEndpoint;
  readonly connection: PeerConnection;
}

/**
 * Has a peer run a proposal and sign what came of it.
 *
 * @param timeoutMs milliseconds for the call, once connected
 * @throws Unavailable when the peer does not answer; Unprocessable with its message when it refuses
 */
export async function processProposal(
  endorser: Endorser,
  { signed }: Proposal,
  timeoutMs: number,
): Promise<peer.ProposalResponse> {
  await endorser.connection.ready();
  const answer = await call(endorser, signed, { deadline: Date.now() + timeoutMs });
  const status = answer.getResponse()?.getStatus() ?? 0;
  if (status >= 200 && status < 400) return answer;
  const message = answer.getResponse()?.getMessage() ?? 'no response';
  throw refused(endorser, message, { status });
}

function call(
  endorser: Endorser,
  signed: peer.SignedProposal,
  options: CallOptions,
): Promise<peer.ProposalResponse> {
  return new Promise((resolve, reject) => {
    endorser.connection.client.makeUnaryRequest(
      '/protos.Endorser/ProcessProposal',
      (message: peer.SignedProposal) => Buffer.from(message.serializeBinary()),
      (bytes) => peer.ProposalResponse.deserializeBinary(bytes),
      signed,
      options,
      (error, answer) => {
        if (error) reject(failed(endorser, error));
        else resolve(answer ?? new peer.ProposalResponse());
      },
    );
  });
}

function failed(endorser: Endorser, cause: Error): Error {
  const { address } = endorser.endpoint;
  if (isAway(cause)) return new Unavailable(`the peer ${address} does not answer`, { cause });
  return refused(endorser, cause.message, { cause });
}

function refused(
  { endpoint: { address, mspId } }: Endorser,
  message: string,
  { status, cause }: { status?: number; cause?: Error },
): Unprocessable {
  return new Unprocessable(`the peer ${address} refused: ${message}`, {
    ...(cause && { cause }),
    members: { endorsements: [{ address, mspId, status, message }] },
  });
}
