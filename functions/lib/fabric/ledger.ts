/** The ledger of one channel as a client of one chaincode sees it, through peers' Gateways. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Gateway, type Status, type Transaction } from '@hyperledger/fabric-gateway';
import { CommitUnknown, Conflict, Unavailable } from '../errors.ts';
import { Attestation } from './attested.ts';
import { createAttestors, type Attestors } from './attestors.ts';
import { CommitTimer } from './commit-timer.ts';
import { Commits, type CommitStatus } from './commits.ts';
import type { Connection } from './connection.ts';
import { isLate, isUnplanned, translateCommit } from './failures.ts';
import { Portals, type PortalsOptions } from './portals.ts';
import { createSigner, type Signer } from './signer.ts';
import { atEnd } from './validity.ts';

/** A transaction that was committed as valid. */
export interface Receipt {
  transactionId: string;
  /** The number of its block. */
  block: bigint;
  /** What the chaincode returned. */
  result: string;
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
   * Submits a transaction and waits until the peer committed it; what orderers lose on the way, as they may
   * when their leader dies, is sent again under the same id. Throws Unprocessable when peers
   * or the chaincode refuse (`members.endorsements`: each peer's answer), NotFound when the
   * chaincode's message begins with `NOT_FOUND: `, Conflict when others kept changing what it
   * reads, Unavailable when nothing was sent, CommitUnknown when its fate is not known.
   */
  submit(transaction: string, args: readonly string[], options?: SubmitOptions): Promise<Receipt>;
  /** The answer of one peer, not ordered. Throws as `submit` does, short of commit. */
  evaluate(transaction: string, args: readonly string[]): Promise<string>;
  /**
   * The answer that peers of two organizations give alike (of one, where the channel has no other), not
   * ordered. Calls that meet go together: the chaincode's transaction `ask` takes many, as a list, and
   * answers with a list of texts. Throws Unavailable when too few answer or one lags behind, IntegrityError
   * when they go on to differ.
   */
  attest(transaction: string, args: readonly string[]): Promise<string>;
  /** How a transaction was committed; undefined where it is not, within a few seconds. */
  commitStatus(transactionId: string): Promise<CommitStatus | undefined>;
  /**
   * Has a transaction endorsed and drops it: resolves when enough peers know of each other, run
   * the chaincode and agree for one to be submitted. Throws as `submit` does, short of sending.
   */
  probe(transaction: string, args: readonly string[]): Promise<void>;
  close(): void;
}

/** Milliseconds each stage may take: plan, order, commit and lookup in all, the others with one peer. */
export interface Deadlines {
  evaluate: number;
  plan: number;
  endorse: number;
  submit: number;
  order: number;
  commit: number;
  lookup: number;
}

/**
 * A peer may itself wait for one that is silent, until gossip has told it so, some eight seconds: the next
 * is asked before, who may choose others.
 */
const defaultDeadlines: Deadlines = {
  evaluate: 2_500,
  plan: 8_000,
  endorse: 5_000,
  submit: 5_000,
  order: 10_000,
  commit: 30_000,
  lookup: 5_000,
};

/** Milliseconds between two looks for a set of peers that can endorse. */
const planPause = 500;

/** Milliseconds between two tries to find an orderer that takes a transaction. */
const orderPause = 250;

/** Milliseconds without a commit after which a transaction is sent again; twice that the next time, and so on. */
const resending = { least: 1_500, most: 10_000 };

export interface LedgerOptions extends PortalsOptions {
  deadlines?: Partial<Deadlines>;
  /** How often a transaction in conflict is endorsed before it is given up. */
  attempts?: number;
  now?: () => Date;
}

/** Connects lazily; an unreadable identity throws at once. */
export function connectLedger(connection: Connection, options: LedgerOptions = {}): Ledger {
  return new GatewayLedger(connection, options);
}

class GatewayLedger implements Ledger {
  readonly #connection: Connection;
  readonly #signer: Signer;
  readonly #portals: Portals;
  readonly #commits: Commits;
  readonly #attestors: Attestors;
  readonly #attestation: Attestation;
  readonly #deadlines: Deadlines;
  readonly #commitTimer = new CommitTimer(resending);
  readonly #attempts: number;
  readonly #now: () => Date;

  constructor(connection: Connection, options: LedgerOptions) {
    const { deadlines, attempts = 5, now = () => new Date(), ...others } = options;
    this.#connection = connection;
    this.#signer = createSigner(connection);
    this.#deadlines = { ...defaultDeadlines, ...deadlines };
    this.#attempts = attempts;
    this.#now = now;
    this.#portals = new Portals(connection.peers, this.#signer, others);
    this.#commits = new Commits(connection, this.#signer, this.#portals);
    const { evaluate: timeoutMs } = this.#deadlines;
    this.#attestors = createAttestors(connection, this.#signer, { tell: others.tell, timeoutMs });
    this.#attestation = new Attestation(this.#attestors.all);
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
        if (!(error instanceof Conflict) || attempt >= this.#attempts) throw this.#atEnd(error);
        await delay(backoff(attempt));
      }
    }
  }

  async evaluate(transaction: string, args: readonly string[]): Promise<string> {
    try {
      const bytes = await this.#portals.any((gateway) =>
        this.#contract(gateway)
          .newProposal(transaction, { arguments: [...args] })
          .evaluate({ deadline: this.#deadline('evaluate') }),
      );
      return text(bytes);
    } catch (error) {
      throw this.#atEnd(error);
    }
  }

  async attest(transaction: string, args: readonly string[]): Promise<string> {
    try {
      return await this.#attestation.ask({ transaction, args });
    } catch (error) {
      throw this.#atEnd(error);
    }
  }

  commitStatus(transactionId: string): Promise<CommitStatus | undefined> {
    return this.#commits.find(transactionId, this.#deadline('lookup'));
  }

  async probe(transaction: string, args: readonly string[]): Promise<void> {
    await this.#endorse(transaction, args);
  }

  close(): void {
    this.#portals.close();
    this.#attestors.close();
  }

  async #submitOnce(
    name: string,
    args: readonly string[],
    { onEndorsed }: SubmitOptions,
  ): Promise<Receipt> {
    const endorsed = await this.#endorse(name, args);
    const transactionId = endorsed.getTransactionId();
    await onEndorsed?.(transactionId);
    await this.#handOver(endorsed);
    const committed = await this.#committed(endorsed);
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
    return this.#portals.any((gateway) =>
      this.#contract(gateway)
        .newProposal(name, { arguments: [...args] })
        .endorse({ deadline: this.#deadline('endorse') }),
    );
  }

  /** Waits a little for orderers to have a leader. What may have been passed on counts as passed on. */
  async #handOver(transaction: Transaction): Promise<void> {
    const patience = this.#deadline('order');
    for (;;) {
      try {
        await this.#send(transaction);
        return;
      } catch (error) {
        if (error instanceof CommitUnknown) return;
        if (!(error instanceof Unavailable) || Date.now() + orderPause > patience) throw error;
        await delay(orderPause);
      }
    }
  }

  /** An orderer acknowledges what it has not yet agreed on with the others, and may die with it. */
  async #committed(transaction: Transaction): Promise<Status> {
    const [sent, end] = [Date.now(), this.#deadline('commit')];
    for (let { patience } = this.#commitTimer; ; patience *= 2) {
      try {
        const deadline = Math.min(Date.now() + patience, end);
        const status = await this.#commits.status(transaction.getTransactionId(), deadline);
        this.#commitTimer.took(Date.now() - sent);
        return status;
      } catch (error) {
        if (!isLate(error) || Date.now() >= end) throw error;
      }
      // Whatever becomes of it: the one sent before may still be committed.
      await this.#send(transaction).catch(() => undefined);
    }
  }

  /** The same transaction may be sent more than once: a channel takes an id only the first time. */
  async #send(transaction: Transaction): Promise<void> {
    const bytes = transaction.getBytes();
    await this.#portals.any(
      (gateway) => gateway.newTransaction(bytes).submit({ deadline: this.#deadline('submit') }),
      { passesOn: transaction.getTransactionId() },
    );
  }

  #contract(gateway: Gateway) {
    const { channel, chaincode } = this.#connection;
    return gateway.getNetwork(channel).getContract(chaincode);
  }

  #atEnd(error: unknown): unknown {
    return atEnd(error, this.#connection.certificate, this.#now());
  }

  #deadline(stage: keyof Deadlines): number {
    return Date.now() + this.#deadlines[stage];
  }
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** 50 to 100 ms before the second attempt, twice that before each further one. */
function backoff(attempt: number): number {
  return 50 * 2 ** (attempt - 1) * (1 + Math.random());
}
