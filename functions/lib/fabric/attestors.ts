/** The organizations of a channel, each asked by one peer of its own at a time. */
import { common } from '@hyperledger/fabric-protos';
import { Unavailable, Unprocessable } from '../errors.ts';
import { Suspects } from '../suspicion/suspects.ts';
import type { Attestor, Question, Said } from './attested.ts';
import type { Connection, PeerEndpoint } from './connection.ts';
import { processProposal, type Endorser } from './endorser.ts';
import { shareConnection } from './grpc.ts';
import type { PortalsOptions } from './portals.ts';
import { propose, type Invocation } from './proposals.ts';
import type { Signer } from './signer.ts';

export interface Attestors {
  /** In the order of the connection's peers: the client's own organization first. */
  readonly all: readonly Attestor[];
  close(): void;
}

export interface AttestorsOptions extends Pick<PortalsOptions, 'tell'> {
  /** Milliseconds for one question to one peer. */
  timeoutMs: number;
}

export function createAttestors(
  { channel, chaincode, peers }: Connection,
  signer: Signer,
  { tell, timeoutMs }: AttestorsOptions,
): Attestors {
  const endorsers = new Map(peers.map((endpoint) => [addressOf(endpoint), connect(endpoint)]));
  const drop = (address: string): void => endorsers.get(address)?.connection.drop();
  const suspects = new Suspects({ kind: 'peer', tell, drop });

  const ask = async (address: string, invocation: Invocation): Promise<Uint8Array> => {
    const endorser = endorsers.get(address);
    if (!endorser) throw new Unavailable(`${address} is no peer`);
    try {
      const proposal = await propose(signer, invocation);
      const answer = await processProposal(endorser, proposal, timeoutMs);
      return answer.getResponse()?.getPayload_asU8() ?? new Uint8Array();
    } catch (cause) {
      // It may not run the chaincode yet, or no more: another peer is asked.
      if (!(cause instanceof Unprocessable)) throw cause;
      throw new Unavailable(`the peer ${address} cannot be asked now`, { cause });
    }
  };
  const height = async (address: string): Promise<number> => {
    const args = ['GetChainInfo', channel];
    const bytes = await ask(address, { channel, chaincode: 'qscc', args });
    return common.BlockchainInfo.deserializeBinary(bytes).getHeight();
  };

  const attestor = (mspId: string): Attestor => {
    const addresses = peers.filter((peer) => peer.mspId === mspId).map(addressOf);
    return {
      mspId,
      answer: (questions, turn) => {
        const first = turn % addresses.length;
        const inTurn = [...addresses.slice(first), ...addresses.slice(0, first)];
        return suspects.inTurn(inTurn, async (address): Promise<Said> => {
          const args = ['ask', asked(questions)];
          // The first answers agree nearly always.
          const before = turn > 0 ? await height(address) : undefined;
          const bytes = await ask(address, { channel, chaincode, args });
          const texts = answersIn(Buffer.from(bytes).toString(), questions.length);
          return { mspId, address, texts, before, height: () => height(address) };
        });
      },
    };
  };

  return {
    all: [...new Set(peers.map(({ mspId }) => mspId))].map(attestor),
    close: () => {
      for (const { connection } of endorsers.values()) connection.close();
    },
  };
}

/** How the chaincode is asked many things at once: a list of transactions with their arguments. */
function asked(questions: readonly Question[]): string {
  return JSON.stringify(questions.map(({ transaction, args }) => [transaction, ...args]));
}

/** A peer that does not say what it was asked has said that to each question: nobody will agree with it. */
function answersIn(text: string, count: number): string[] {
  const answers = tryJson(text);
  const isWhole = Array.isArray(answers) && answers.length === count;
  return Array.from({ length: count }, (_, at) => {
    const answer: unknown = isWhole ? answers[at] : undefined;
    return typeof answer === 'string' ? answer : text;
  });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function connect(endpoint: PeerEndpoint): Endorser {
  return { endpoint, connection: shareConnection(endpoint) };
}

const addressOf = ({ address }: PeerEndpoint): string => `https://${address}`;
