/**
 * Group commit: facts that arrive while a transaction is in flight go together in the next.
 * There is no timer: an idle ledger anchors at once, a busy one in ever larger groups.
 */
import { CommitUnknown, Unavailable, Unprocessable } from '../lib/errors.ts';
import { readFact, submitFacts } from '../lib/data/chain.ts';
import { scopeOf, type Incarnation } from '../lib/data/datum.ts';
import type { Fact } from '../lib/data/fact.ts';
import type { Ledger } from '../lib/fabric/ledger.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';

/** The transaction that put a fact on the chain. */
export interface Anchoring {
  transactionId: string;
  block: number;
}

/** Every method throws NotFound when the network is no more. */
export interface GroupCommit {
  /**
   * Anchors a fact; returns once its transaction is committed. One that is already there with
   * the same content gives the transaction that put it there.
   *
   * @throws CommitUnknown when the fate of the transaction could not be learnt
   * @throws Unprocessable when peers refuse it
   */
  add(network: Incarnation, fact: Fact): Promise<Anchoring>;
  /** What the chain says of a version now; undefined when it says nothing. */
  find(network: Incarnation, key: string, version: number): Promise<Found | undefined>;
  /** What became of a transaction; undefined while nobody knows. */
  lookUp(network: Incarnation, transactionId: string): Promise<Anchoring | 'failed' | undefined>;
}

export type Found = Fact & Anchoring;

/** A group larger than this makes a transaction that endorsers hold for too long. */
const mostFacts = 200;

interface Waiting {
  fact: Fact;
  resolve: (anchoring: Anchoring) => void;
  reject: (error: unknown) => void;
}

export function createGroupCommit(ledgers: Pick<Ledgers, 'with'>): GroupCommit {
  const queues = new Map<string, Waiting[]>();

  /** Takes groups from the queue until it is empty; a queue that exists has one of these. */
  const run = async (network: Incarnation, name: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) await settle(network, queue.splice(0, mostFacts));
    queues.delete(name);
  };

  const settle = async (network: Incarnation, group: Waiting[]): Promise<void> => {
    try {
      const facts = group.map(({ fact }) => fact);
      const done = await ledgers.with(network, (ledger) => commit(ledger, facts));
      group.forEach(({ resolve }, position) => resolve(done[position] as Anchoring));
    } catch (error) {
      if (group.length === 1 || !(error instanceof Unprocessable)) {
        for (const { reject } of group) reject(error);
        return;
      }
      // One of them is refused: the others must not suffer for it.
      for (const one of group) await settle(network, [one]);
    }
  };

  return {
    add: (network, fact) =>
      new Promise((resolve, reject) => {
        const name = scopeOf(network);
        const waiting = { fact, resolve, reject };
        const queue = queues.get(name);
        if (queue) {
          queue.push(waiting);
          return;
        }
        const started = [waiting];
        queues.set(name, started);
        void run(network, name, started);
      }),

    find: (network, key, version) =>
      ledgers.with(network, async (ledger) => {
        const found = await readFact(ledger, key, version);
        if (!found) return undefined;
        return { ...found, block: await blockOf(ledger, found.transactionId) };
      }),

    lookUp: (network, transactionId) =>
      ledgers.with(network, (ledger) => lookUp(ledger, transactionId)),
  };
}

async function commit(ledger: Ledger, facts: Fact[]): Promise<Anchoring[]> {
  try {
    const { transactionId, block, transactions } = await submitFacts(ledger, facts);
    return await Promise.all(
      transactions.map(async (id) => ({
        transactionId: id,
        block: id === transactionId ? block : await blockOf(ledger, id),
      })),
    );
  } catch (error) {
    if (!(error instanceof CommitUnknown)) throw error;
    const { transactionId } = error;
    const known = await lookUp(ledger, transactionId);
    if (known === undefined) throw error;
    // One that failed left nothing behind: this is the same as never having sent it.
    if (known === 'failed') {
      throw new Unavailable('the transaction was not valid when it was committed', {
        cause: error,
      });
    }
    // It may have found some facts already there: the chain says under which transaction.
    return Promise.all(
      facts.map(async ({ key, version }) => {
        const found = await readFact(ledger, key, version);
        if (!found || found.transactionId === transactionId) return known;
        const id = found.transactionId;
        return { transactionId: id, block: await blockOf(ledger, id) };
      }),
    );
  }
}

async function lookUp(ledger: Ledger, id: string): Promise<Anchoring | 'failed' | undefined> {
  const status = await ledger.commitStatus(id);
  if (!status) return undefined;
  return status.successful ? { transactionId: id, block: Number(status.block) } : 'failed';
}

async function blockOf(ledger: Ledger, transactionId: string): Promise<number> {
  const status = await ledger.commitStatus(transactionId);
  if (!status) throw new Unavailable(`the block of transaction ${transactionId} is not known yet`);
  return Number(status.block);
}
