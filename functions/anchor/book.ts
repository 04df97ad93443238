/** The ledger as one transaction sees it. */
import DataLoader from 'dataloader';

/** A key of several parts. */
export type Key = readonly string[];

/** The part of Fabric's stub that is used. Writes of a transaction are not seen by its reads. */
export interface LedgerState {
  transactionId: string;
  /** Whether who sent the transaction may write facts. */
  isWriter: boolean;
  /** The values of keys, in their order; empty where there is nothing. */
  get(keys: readonly Key[]): Promise<Uint8Array[]>;
  put(entries: readonly (readonly [Key, Uint8Array])[]): Promise<void>;
}

/**
 * Texts by keys of several parts; what a transaction has written it reads again. Each exchange with the peer takes
 * longer than all else, so reads that meet go together, and what is written goes together at the end.
 */
export class Book {
  readonly transactionId: string;
  readonly #state: LedgerState;
  readonly #reads: DataLoader<Key, string | undefined, string>;
  readonly #written = new Map<string, readonly [Key, string]>();

  constructor(state: LedgerState) {
    this.#state = state;
    this.transactionId = state.transactionId;
    this.#reads = new DataLoader<Key, string | undefined, string>((keys) => textsOf(state, keys), {
      cacheKeyFn: JSON.stringify,
    });
  }

  async get(key: Key): Promise<string | undefined> {
    return this.#written.get(JSON.stringify(key))?.[1] ?? (await this.#reads.load(key));
  }

  put(key: Key, text: string): void {
    this.#written.set(JSON.stringify(key), [key, text]);
  }

  /** Writes all that was put. */
  async close(): Promise<void> {
    if (this.#written.size === 0) return;
    const entries = [...this.#written.values()];
    await this.#state.put(entries.map(([key, text]) => [key, Buffer.from(text)]));
  }
}

async function textsOf(state: LedgerState, keys: readonly Key[]): Promise<(string | undefined)[]> {
  const values = await state.get(keys);
  return values.map((value) => (value.length === 0 ? undefined : Buffer.from(value).toString()));
}
