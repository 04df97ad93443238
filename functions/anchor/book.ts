/** The ledger as one transaction sees it. */

/** The part of Fabric's stub that is used. Writes of a transaction are not seen by its reads. */
export interface LedgerState {
  transactionId: string;
  /** Whether who sent the transaction may write facts. */
  isWriter: boolean;
  /** Empty where there is nothing. */
  get(key: readonly string[]): Promise<Uint8Array>;
  put(key: readonly string[], value: Uint8Array): Promise<void>;
}

/** Texts by keys of several parts; what a transaction has written it reads again. */
export class Book {
  readonly transactionId: string;
  readonly #state: LedgerState;
  readonly #written = new Map<string, string>();

  constructor(state: LedgerState) {
    this.#state = state;
    this.transactionId = state.transactionId;
  }

  async get(key: readonly string[]): Promise<string | undefined> {
    const written = this.#written.get(JSON.stringify(key));
    if (written !== undefined) return written;
    const value = await this.#state.get(key);
    return value.length === 0 ? undefined : Buffer.from(value).toString();
  }

  async put(key: readonly string[], text: string): Promise<void> {
    this.#written.set(JSON.stringify(key), text);
    await this.#state.put(key, Buffer.from(text));
  }
}
