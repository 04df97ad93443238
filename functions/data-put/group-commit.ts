/**
 * Group commit: facts that arrive while a transaction is in flight go together in the next.
 * There is no timer: an idle ledger anchors at once, a busy one in ever larger groups.
 */
import { CommitUnknown, Conflict, Unavailable, Unprocessable } from '../lib/errors.ts';
import { findVersion, readHead, readVersion, submitFacts } from '../lib/data/chain.ts';
import { scopeOf, type Incarnation } from '../lib/data/datum.ts';
import type {
  Anchored,
  ErasureFact,
  Head,
  Kept,
  NextVersion,
  PolicyFact,
} from '../lib/data/fact.ts';
import type { Ledger } from '../lib/fabric/ledger.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';

/** The transaction that put a version on the chain, and the number it got there. */
export interface Anchoring {
  version: number;
  transactionId: string;
  block: number;
}

/** Every method throws NotFound when the network is no more. */
export interface GroupCommit {
  /**
   * Anchors a version; returns once its transaction is committed. One that is already there with
   * the same content gives the transaction that put it there.
   *
   * @throws CommitUnknown when the fate of the transaction could not be learnt
   * @throws Conflict when others kept changing the datum
   * @throws Unprocessable when peers refuse it
   */
  add(network: Incarnation, fact: NextVersion): Promise<Anchoring>;
  /** The same for several, which go into one transaction where it has room; each ends as if it were alone. */
  addAll(
    network: Incarnation,
    facts: readonly NextVersion[],
  ): Promise<PromiseSettledResult<Anchoring>[]>;
  /**
   * Has the chain keep another policy, or an erasure; gives the transaction that does. The same again gives
   * the first. Throws as `add` does.
   */
  amend(network: Incarnation, fact: PolicyFact | ErasureFact): Promise<string>;
  /** The version whose ciphertext is at an index, as the chain has it now; undefined when it has none. */
  find(network: Incarnation, index: string): Promise<Found | undefined>;
  /** A version of a datum by its number; undefined when the chain has none. */
  version(network: Incarnation, id: string, version: number): Promise<Anchored | undefined>;
  /** What the chain says of a datum now; undefined when it knows none. */
  head(network: Incarnation, id: string): Promise<Head | undefined>;
  /** Whether a transaction is known to be committed as valid. */
  isCommitted(network: Incarnation, transactionId: string): Promise<boolean>;
}

export type Found = Anchored & Anchoring;

/** A group larger than this makes a transaction that endorsers hold for too long. */
const mostFacts = 200;

/** Which transaction keeps a fact, and its block if that is known without asking. */
type Settled = Kept & { block?: number };

type Submittable = NextVersion | PolicyFact | ErasureFact;

interface Waiting {
  fact: Submittable;
  resolve: (settled: Settled) => void;
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
      group.forEach(({ resolve }, position) => resolve(done[position] as Settled));
    } catch (error) {
      const isOfOne = error instanceof Unprocessable || error instanceof Conflict;
      if (group.length === 1 || !isOfOne) {
        for (const { reject } of group) reject(error);
        return;
      }
      // One of them is refused, or of a datum that others change: the rest must not suffer for it.
      const half = Math.ceil(group.length / 2);
      await settle(network, group.slice(0, half));
      await settle(network, group.slice(half));
    }
  };

  const keep = (network: Incarnation, facts: readonly Submittable[]): Promise<Settled>[] => {
    const name = scopeOf(network);
    const running = queues.get(name);
    const queue = running ?? [];
    const kept = facts.map(
      (fact) =>
        new Promise<Settled>((resolve, reject) => {
          queue.push({ fact, resolve, reject });
        }),
    );
    if (running || facts.length === 0) return kept;
    queues.set(name, queue);
    void run(network, name, queue);
    return kept;
  };

  const added = (network: Incarnation, facts: readonly NextVersion[]): Promise<Anchoring>[] =>
    keep(network, facts).map(async (kept) => {
      const { version = 0, transactionId, block } = await kept;
      const find = () => ledgers.with(network, (ledger) => blockOf(ledger, transactionId));
      return { version, transactionId, block: block ?? (await find()) };
    });

  return {
    add: (network, fact) => added(network, [fact])[0] as Promise<Anchoring>,

    addAll: (network, facts) => Promise.allSettled(added(network, facts)),

    amend: async (network, fact) => {
      const { transactionId } = await (keep(network, [fact])[0] as Promise<Settled>);
      return transactionId;
    },

    find: (network, index) =>
      ledgers.with(network, async (ledger) => {
        const found = await findVersion(ledger, index);
        return found && { ...found, block: await blockOf(ledger, found.transactionId) };
      }),

    version: (network, id, version) =>
      ledgers.with(network, (ledger) => readVersion(ledger, id, version)),

    head: (network, id) => ledgers.with(network, (ledger) => readHead(ledger, id)),

    isCommitted: (network, transactionId) =>
      ledgers.with(network, async (ledger) => {
        const status = await ledger.commitStatus(transactionId);
        return status?.successful ?? false;
      }),
  };
}

async function commit(ledger: Ledger, facts: Submittable[]): Promise<Settled[]> {
  try {
    const { transactionId, block, kept } = await submitFacts(ledger, facts);
    return kept.map((one) => (one.transactionId === transactionId ? { ...one, block } : one));
  } catch (error) {
    if (!(error instanceof CommitUnknown)) throw error;
    await requireCommitted(ledger, error);
    return Promise.all(facts.map((fact) => findKept(ledger, fact, error)));
  }
}

/** What became of a fact whose transaction's fate was unknown and is not: the chain says what it has of it. */
async function findKept(
  ledger: Ledger,
  fact: Submittable,
  unknown: CommitUnknown,
): Promise<Settled> {
  if (fact.kind !== 'version') return { transactionId: unknown.transactionId };
  const found = await findVersion(ledger, fact.index);
  // Of two organizations, the second may not have the block yet.
  if (!found) throw unknown;
  const { version, transactionId } = found;
  return { version, transactionId };
}

/** For a transaction whose fate was unknown: it goes on when it was committed as valid after all. */
async function requireCommitted(ledger: Ledger, unknown: CommitUnknown): Promise<void> {
  const status = await ledger.commitStatus(unknown.transactionId);
  if (!status) throw unknown;
  // One that failed left nothing behind: this is the same as never having sent it.
  if (!status.successful) {
    throw new Unavailable('the transaction was not valid when it was committed', {
      cause: unknown,
    });
  }
}

async function blockOf(ledger: Ledger, transactionId: string): Promise<number> {
  const status = await ledger.commitStatus(transactionId);
  if (!status) throw new Unavailable(`the block of transaction ${transactionId} is not known yet`);
  return Number(status.block);
}
