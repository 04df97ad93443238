/**
 * Group commit: records that arrive while a transaction is in flight go together in the next.
 * There is no timer: an idle ledger anchors at once, a busy one in ever larger groups.
 */
import { CommitUnknown, NotFound, Unavailable, Unprocessable } from '../lib/errors.ts';
import type { AnchorRecord } from '../lib/events.ts';
import type { Ledger } from '../lib/fabric/ledger.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';
import type { NetworkRef } from '../lib/data/metadata.ts';

/** The transaction that put a record on the chain. */
export interface Anchoring {
  transactionId: string;
  block: number;
}

export interface Anchors {
  /** @throws NotFound when the network does not exist or is not ready */
  requireNetwork(network: NetworkRef): Promise<void>;
  /**
   * Anchors a record; returns once its transaction is committed. A record that is already there
   * with the same content gives the transaction that put it there.
   *
   * @throws CommitUnknown when the fate of the transaction could not be learnt
   * @throws Unprocessable when peers refuse it
   */
  add(network: NetworkRef, record: AnchorRecord): Promise<Anchoring>;
  /** What the chain says of a version now; undefined when it says nothing. */
  find(network: NetworkRef, key: string, version: number): Promise<Found | undefined>;
  /** What became of a transaction; undefined while nobody knows. */
  lookUp(network: NetworkRef, transactionId: string): Promise<Anchoring | 'failed' | undefined>;
}

export type Found = AnchorRecord & Anchoring;

/** A group larger than this makes a transaction that endorsers hold for too long. */
const mostRecords = 200;

interface Waiting {
  record: AnchorRecord;
  resolve: (anchoring: Anchoring) => void;
  reject: (error: unknown) => void;
}

export function createAnchors(ledgers: Ledgers): Anchors {
  const queues = new Map<string, Waiting[]>();

  /** Takes groups from the queue until it is empty; a queue that exists has one of these. */
  const run = async (network: NetworkRef, name: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) await settle(network, queue.splice(0, mostRecords));
    queues.delete(name);
  };

  const settle = async (network: NetworkRef, group: Waiting[]): Promise<void> => {
    try {
      const records = group.map(({ record }) => record);
      const done = await ledgers.with(network, (ledger) => commit(ledger, records));
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
    requireNetwork: (network) => ledgers.with(network, () => Promise.resolve()),

    add: (network, record) =>
      new Promise((resolve, reject) => {
        const name = `${network.namespace}/${network.network}`;
        const waiting = { record, resolve, reject };
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
        const found = await readAnchor(ledger, key, version);
        if (!found) return undefined;
        return { ...found, block: await blockOf(ledger, found.transactionId) };
      }),

    lookUp: (network, transactionId) =>
      ledgers.with(network, (ledger) => lookUp(ledger, transactionId)),
  };
}

async function commit(ledger: Ledger, records: AnchorRecord[]): Promise<Anchoring[]> {
  const argument = JSON.stringify(records);
  try {
    const { transactionId, block, result } = await ledger.submit('put', [argument]);
    const transactions = JSON.parse(result) as string[];
    return await Promise.all(
      transactions.map(async (id) => ({
        transactionId: id,
        block: id === transactionId ? Number(block) : await blockOf(ledger, id),
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
    // It may have found some records already there: the chain says under which transaction.
    return Promise.all(
      records.map(async ({ key, version }) => {
        const found = await readAnchor(ledger, key, version);
        if (!found || found.transactionId === transactionId) return known;
        const id = found.transactionId;
        return { transactionId: id, block: await blockOf(ledger, id) };
      }),
    );
  }
}

async function readAnchor(
  ledger: Ledger,
  key: string,
  version: number,
): Promise<(AnchorRecord & { transactionId: string }) | undefined> {
  try {
    const text = await ledger.evaluate('get', [key, String(version)]);
    return JSON.parse(text) as AnchorRecord & { transactionId: string };
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
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
