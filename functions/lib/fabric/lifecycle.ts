/**
 * The chaincode lifecycle of a channel: each organization approves a definition, and the channel
 * commits it once a majority did. Endorsements are collected from the peers given rather than
 * planned by the Gateway, which would first have to learn the channel's members by gossip.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  connect,
  type Gateway,
  type SubmittedTransaction,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { gateway as messages, peer } from '@hyperledger/fabric-protos';
import { BadRequest, Conflict, Unavailable } from '../errors.ts';
import { fill, type Definition } from './definition.ts';
import { translateCommit, translateFailure } from './failures.ts';
import type { PeerClient } from './peer.ts';
import { assemble, propose } from './proposals.ts';

export { sameDefinition, type Collection, type Definition } from './definition.ts';

const { lifecycle } = peer;
const chaincode = '_lifecycle';

/** Milliseconds for handing over to the orderers, the commit on the peer, and endorsers to agree. */
const submitTimeout = 15_000;
const commitTimeout = 30_000;
const agreementTimeout = 15_000;
const retryPause = 250;

/** A transaction that was committed as valid, and its block. */
export interface Committed {
  transactionId: string;
  block: bigint;
}

/**
 * Approves a definition for the peer's organization and waits until the peer committed it.
 * Without a package id the organization approves and runs no chaincode of its own.
 * Approving the same again throws Unprocessable: look with `queryApproved` first.
 */
export function approve(
  client: PeerClient,
  channel: string,
  definition: Definition,
  packageId?: string,
): Promise<Committed> {
  const args = fill(new lifecycle.ApproveChaincodeDefinitionForMyOrgArgs(), definition);
  args.setSource(sourceOf(packageId));
  return submit([client], channel, 'ApproveChaincodeDefinitionForMyOrg', args);
}

/** Which organizations of the channel have approved exactly this definition, by MSP id. */
export async function checkCommitReadiness(
  client: PeerClient,
  channel: string,
  definition: Definition,
): Promise<Record<string, boolean>> {
  const args = fill(new lifecycle.CheckCommitReadinessArgs(), definition);
  const bytes = await client.query({
    channel,
    chaincode,
    args: ['CheckCommitReadiness', args.serializeBinary()],
  });
  const result = lifecycle.CheckCommitReadinessResult.deserializeBinary(bytes);
  return Object.fromEntries(result.getApprovalsMap().entries());
}

/**
 * Commits a definition with the endorsement of one peer of each organization given; the first
 * signs and is waited for. Throws Unprocessable where approvals are missing or it is committed.
 */
export function commit(
  endorsers: readonly PeerClient[],
  channel: string,
  definition: Definition,
): Promise<Committed> {
  const args = fill(new lifecycle.CommitChaincodeDefinitionArgs(), definition);
  return submit(endorsers, channel, 'CommitChaincodeDefinition', args);
}

function sourceOf(packageId: string | undefined): peer.lifecycle.ChaincodeSource {
  const source = new lifecycle.ChaincodeSource();
  if (packageId === undefined) {
    source.setUnavailable(new lifecycle.ChaincodeSource.Unavailable());
  } else {
    const local = new lifecycle.ChaincodeSource.Local();
    local.setPackageId(packageId);
    source.setLocalPackage(local);
  }
  return source;
}

/** Proposes again while endorsers differ: one has not committed the latest approvals yet. */
async function submit(...transaction: Parameters<typeof submitOnce>): Promise<Committed> {
  const deadline = Date.now() + agreementTimeout;
  for (;;) {
    try {
      return await submitOnce(...transaction);
    } catch (error) {
      if (!(error instanceof Conflict) || Date.now() > deadline) throw error;
      await delay(retryPause);
    }
  }
}

async function submitOnce(
  endorsers: readonly PeerClient[],
  channel: string,
  name: string,
  args: { serializeBinary(): Uint8Array },
): Promise<Committed> {
  const [first, ...others] = endorsers;
  if (!first) throw new BadRequest(`${name} needs the endorsement of at least one peer`);
  const proposal = await propose(first.signer, {
    channel,
    chaincode,
    args: [name, args.serializeBinary()],
  });
  const [own, ...theirs] = await Promise.all([
    first.endorse(proposal),
    ...others.map((other) => other.endorse(proposal)),
  ]);
  const prepared = new messages.PreparedTransaction();
  prepared.setTransactionId(proposal.transactionId);
  prepared.setEnvelope(assemble(proposal, [own, ...theirs]));

  const gateway = connect({ client: first.connection.client, ...first.signer.gatewayOptions });
  try {
    return await send(gateway, prepared);
  } finally {
    gateway.close();
  }
}

async function send(gateway: Gateway, prepared: messages.PreparedTransaction): Promise<Committed> {
  try {
    const transaction = gateway.newTransaction(prepared.serializeBinary());
    const submitted = await handOver(transaction, Date.now() + submitTimeout);
    const status = await submitted.getStatus({ deadline: Date.now() + commitTimeout });
    if (!status.successful) throw translateCommit(status.transactionId, status.code);
    return { transactionId: status.transactionId, block: status.blockNumber };
  } catch (error) {
    throw translateFailure(error);
  }
}

/**
 * Hands a transaction to the orderers, again while they elect their first leader: a channel that
 * was just joined has none yet. Sent twice, the same transaction is still committed once.
 */
async function handOver(transaction: Transaction, deadline: number): Promise<SubmittedTransaction> {
  for (;;) {
    try {
      return await transaction.submit({ deadline });
    } catch (error) {
      const failure = translateFailure(error);
      if (!(failure instanceof Unavailable) || Date.now() + retryPause > deadline) throw failure;
      await delay(retryPause);
    }
  }
}
