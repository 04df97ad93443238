/** The ledger of one channel as a client of one chaincode sees it, through peers' Gateways. */
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import {
  connect,
  GatewayError,
  type Gateway,
  type Status,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { gateway as messages } from '@hyperledger/fabric-protos';
import { CommitUnknown, Conflict, Unavailable } from '../errors.ts';
import type { Connection } from './connection.ts';
import { isUnplanned, statusName, translateCommit, translateFailure } from './failures.ts';
import { shareConnection, type PeerConnection } from './grpc.ts';
import { createSigner, type Signer } from './signer.ts';

/** A transaction that was committed as valid. */
export interface Receipt {
  transactionId: string;
  /** The number of its block. */
  block: bigint;
  /** What the chaincode returned. */
  result: string;
}

/** How a transaction was committed: `code` is Fabric's validation code, `VALID` when it is. */
export interface CommitStatus {
  code: string;
  successful: boolean;
  block: bigint;
}

export interface SubmitOptions {
  /**
   * Awaited once a transaction is endorsed and before it is sent, with its id: the place to
   * record it. Called again with a new id when a conflict makes a new endorsement necessary.
   */
  onEndorsed?: (transactionId: string) => Promise<void> | void;
}

export interface Ledger {
  /**
   * Submits a transaction and waits until the peer committed it. Throws Unprocessable when peers
   * or the chaincode refuse (`members.endorsements`: each peer's answer), NotFound when the
   * chaincode's message begins with `NOT_FOUND: `, Conflict when others kept changing what it
   * reads, Unavailable when nothing was sent, CommitUnknown when its fate is not known.
   */
  submit(transaction: string, args: readonly string[], options?: SubmitOptions): Promise<Receipt>;
  /** The answer of one peer, not ordered. Throws as `submit` does, short of commit. */
  evaluate(transaction: string, args: readonly string[]): Promise<string>;
  /** How a transaction was committed; undefined where it is not, within a few seconds. */
  commitStatus(transactionId: string): Promise<CommitStatus | undefined>;
  /**
   * Has a transaction endorsed and drops it: resolves when enough peers know of each other, run
   * the chaincode and agree for one to be submitted. Throws as `submit` does, short of sending.
   */
  probe(transaction: string, args: readonly string[]): Promise<void>;
  close(): void;
}

/** Milliseconds each stage may take: plan, commit and lookup in all, the others with one peer. */
export interface Deadlines {
  evaluate: number;
  plan: number;
  endorse: number;
  submit: number;
  commit: number;
  lookup: number;
}

const defaultDeadlines: Deadlines = {
  evaluate: 5_000,
  plan: 8_000,
  endorse: 15_000,
  submit: 5_000,
  commit: 30_000,
  lookup: 5_000,
};

/** Milliseconds between two looks for a set of peers that can endorse. */
const planPause = 500;

export interface LedgerOptions {
  deadlines?: Partial<Deadlines>;
  /** How often a transaction in conflict is endorsed before it is given up. */
  attempts?: number;
}

/** Connects lazily; an unreadable identity throws at once. */
export function connectLedger(connection: Connection, options: LedgerOptions = {}): Ledger {
  return new GatewayLedger(connection, options);
}

/** A peer's Gateway service. */
interface Portal {
  connection: PeerConnection;
  gateway: Gateway;
}

class GatewayLedger implements Ledger {
  readonly #connection: Connection;
  readonly #signer: Signer;
  readonly #portals: readonly Portal[];
  readonly #deadlines: Deadlines;
  readonly #attempts: number;
  /** The portal that answered last: its successors are tried when it no longer does. */
  #current = 0;

  constructor(connection: Connection, { deadlines, attempts = 5 }: LedgerOptions) {
    this.#connection = connection;
    this.#signer = createSigner(connection);
    this.#deadlines = { ...defaultDeadlines, ...deadlines };
    this.#attempts = attempts;
    this.#portals = connection.peers.map((endpoint) => {
      const shared = shareConnection(endpoint);
      const gateway = connect({ client: shared.client, ...this.#signer.gatewayOptions });
      return { connection: shared, gateway };
    });
  }

  async submit(
    transaction: string,
    args: readonly string[],
    options: SubmitOptions = {},
  ): Promise<Receipt> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#submitOnce(transaction, args, options);
      } catch (error) {
        if (!(error instanceof Conflict) || attempt >= this.#attempts) throw error;
        await delay(backoff(attempt));
      }
    }
  }

  async evaluate(transaction: string, args: readonly string[]): Promise<string> {
    const bytes = await this.#anyPortal(({ gateway }) =>
      this.#contract(gateway)
        .newProposal(transaction, { arguments: [...args] })
        .evaluate({ deadline: this.#deadline('evaluate') }),
    );
    return text(bytes);
  }

  async commitStatus(transactionId: string): Promise<CommitStatus | undefined> {
    try {
      const found = await this.#status(transactionId, this.#deadline('lookup'));
      const { code, successful, blockNumber } = found;
      return { code: statusName(code), successful, block: blockNumber };
    } catch (error) {
      if (error instanceof CommitUnknown && timedOut(error.cause)) return undefined;
      throw error;
    }
  }

  async probe(transaction: string, args: readonly string[]): Promise<void> {
    await this.#endorse(transaction, args);
  }

  close(): void {
    for (const { gateway, connection } of this.#portals) {
      gateway.close();
      connection.close();
    }
  }

  async #submitOnce(
    name: string,
    args: readonly string[],
    { onEndorsed }: SubmitOptions,
  ): Promise<Receipt> {
    const endorsed = await this.#endorse(name, args);
    const transactionId = endorsed.getTransactionId();
    await onEndorsed?.(transactionId);
    await this.#send(endorsed);
    const committed = await this.#status(transactionId, this.#deadline('commit'));
    if (!committed.successful) throw translateCommit(transactionId, committed.code);
    return { transactionId, block: committed.blockNumber, result: text(endorsed.getResult()) };
  }

  /** Waits a little for peers to learn of each other; nothing else is tried twice. */
  async #endorse(name: string, args: readonly string[]): Promise<Transaction> {
    const patience = this.#deadline('plan');
    for (;;) {
      try {
        return await this.#endorseOnce(name, args);
      } catch (error) {
        if (!isUnplanned(error) || Date.now() + planPause > patience) throw error;
        await delay(planPause);
      }
    }
  }

  #endorseOnce(name: string, args: readonly string[]): Promise<Transaction> {
    return this.#anyPortal(({ gateway }) =>
      this.#contract(gateway)
        .newProposal(name, { arguments: [...args] })
        .endorse({ deadline: this.#deadline('endorse') }),
    );
  }

  /** The same transaction may be sent more than once: a channel takes an id only the first time. */
  async #send(transaction: Transaction): Promise<void> {
    const bytes = transaction.getBytes();
    await this.#anyPortal(({ gateway }) =>
      gateway.newTransaction(bytes).submit({ deadline: this.#deadline('submit') }),
    );
  }

  /** Asked of each peer in turn: a transaction is committed by all or by none. */
  async #status(transactionId: string, deadline: number): Promise<Status> {
    const request = new messages.CommitStatusRequest();
    request.setChannelId(this.#connection.channel);
    request.setTransactionId(transactionId);
    request.setIdentity(this.#signer.creator);
    const signed = new messages.SignedCommitStatusRequest();
    signed.setRequest(request.serializeBinary());
    const bytes = signed.serializeBinary();
    try {
      return await this.#anyPortal(({ gateway }) =>
        gateway.newCommit(bytes).getStatus({ deadline }),
      );
    } catch (error) {
      if (error instanceof CommitUnknown) throw error;
      // Not even a peer to ask: for the transaction that is the same.
      if (error instanceof Unavailable) throw new CommitUnknown(transactionId, { cause: error });
      throw error;
    }
  }

  /**
   * The result of the first portal that gives one, beginning with the one that answered last.
   * What a portal refuses is final; only one that is away is passed over. Where any of them may
   * have passed the transaction on, that is what is thrown, whatever a later one refuses.
   */
  async #anyPortal<T>(call: (portal: Portal) => Promise<T>): Promise<T> {
    const failures: Unavailable[] = [];
    const first = this.#current;
    for (const offset of this.#portals.keys()) {
      const index = (first + offset) % this.#portals.length;
      const portal = this.#portals[index];
      if (!portal) continue;
      try {
        await portal.connection.ready({ impatient: this.#portals.length > 1 });
        const result = await call(portal);
        this.#current = index;
        return result;
      } catch (error) {
        const failure = translateFailure(error);
        if (!(failure instanceof Unavailable)) throw failures.findLast(isUnknown) ?? failure;
        failures.push(failure);
      }
    }
    throw (
      failures.findLast(isUnknown) ?? failures[0] ?? new Unavailable('the network has no peers')
    );
  }

  #contract(gateway: Gateway) {
    const { channel, chaincode } = this.#connection;
    return gateway.getNetwork(channel).getContract(chaincode);
  }

  #deadline(stage: keyof Deadlines): number {
    return Date.now() + this.#deadlines[stage];
  }
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function isUnknown(failure: Unavailable): boolean {
  return failure instanceof CommitUnknown;
}

/** Whether a look-up ended for want of a commit rather than of a peer that answers. */
function timedOut(cause: unknown): boolean {
  return cause instanceof GatewayError && cause.code === (status.DEADLINE_EXCEEDED as number);
}

/** 50 to 100 ms before the second attempt, twice that before each further one. */
function backoff(attempt: number): number {
  return 50 * 2 ** (attempt - 1) * (1 + Math.random());
}
