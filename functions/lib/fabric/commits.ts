/** What became of transactions, whoever sent them. */
import type { Status } from '@hyperledger/fabric-gateway';
import { gateway as messages } from '@hyperledger/fabric-protos';
import { CommitUnknown, Unavailable } from '../errors.ts';
import type { Connection } from './connection.ts';
import { isLate, statusName } from './failures.ts';
import type { Portals } from './portals.ts';
import type { Signer } from './signer.ts';

/** How a transaction was committed: `code` is Fabric's validation code, `VALID` when it is. */
export interface CommitStatus {
  code: string;
  successful: boolean;
  block: bigint;
}

export class Commits {
  readonly #connection: Connection;
  readonly #signer: Signer;
  readonly #portals: Portals;

  constructor(connection: Connection, signer: Signer, portals: Portals) {
    this.#connection = connection;
    this.#signer = signer;
    this.#portals = portals;
  }

  /**
   * @param end milliseconds since the epoch: by then it is given up
   * @returns undefined where it is not committed by then
   */
  async find(transactionId: string, end: number): Promise<CommitStatus | undefined> {
    const share = (end - Date.now()) / this.#connection.peers.length;
    for (;;) {
      try {
        const found = await this.status(transactionId, Math.min(Date.now() + share, end));
        const { code, successful, blockNumber } = found;
        return { code: statusName(code), successful, block: blockNumber };
      } catch (error) {
        if (!isLate(error)) throw error;
        if (Date.now() >= end) return undefined;
      }
    }
  }

  /**
   * Asked of peers that answer: a transaction is committed by all or by none. One that is still without it
   * when its time is over ends the wait; the next wait begins with another, for it may lag.
   */
  async status(transactionId: string, deadline: number): Promise<Status> {
    const request = new messages.CommitStatusRequest();
    request.setChannelId(this.#connection.channel);
    request.setTransactionId(transactionId);
    request.setIdentity(this.#signer.creator);
    const signed = new messages.SignedCommitStatusRequest();
    signed.setRequest(request.serializeBinary());
    const bytes = signed.serializeBinary();
    try {
      return await this.#portals.any(
        (gateway) => gateway.newCommit(bytes).getStatus({ deadline }),
        {
          waits: true,
        },
      );
    } catch (error) {
      if (error instanceof CommitUnknown) throw error;
      // Not even a peer to ask: for the transaction that is the same.
      if (error instanceof Unavailable) throw new CommitUnknown(transactionId, { cause: error });
      throw error;
    }
  }
}
