import { Contract, type Context } from 'fabric-contract-api';
import { ask, find, get, head, put } from './anchor.ts';
import type { Key, LedgerState } from './book.ts';
import { isWriter } from './creator.ts';

/** The contract `anchor`: every method is a transaction whose arguments are strings. */
export class AnchorContract extends Contract {
  constructor() {
    super('anchor');
  }

  /**
   * @param facts a JSON array of facts
   * @returns which transaction keeps each, and as which version, as JSON
   */
  async put(context: Context, facts: string): Promise<string> {
    return JSON.stringify(await put(ledgerState(context), parse(facts)));
  }

  /** @returns a version, as JSON */
  get(context: Context, id: string, version: string): Promise<string> {
    return get(ledgerState(context), id, version);
  }

  /** @returns the head of a datum, as JSON */
  head(context: Context, id: string): Promise<string> {
    return head(ledgerState(context), id);
  }

  /** @returns the version whose ciphertext is at an index, as JSON */
  find(context: Context, index: string): Promise<string> {
    return find(ledgerState(context), index);
  }

  /**
   * @param questions a JSON array, each a list of a transaction's name (`get`, `head`, `find`) and its arguments
   * @returns a JSON array of what each gives
   */
  async ask(context: Context, questions: string): Promise<string> {
    return JSON.stringify(await ask(ledgerState(context), parse(questions)));
  }
}

/** The stub, with what our runtime gives it beyond Node's own (`batches.ts` there). */
type Stub = Context['stub'] & {
  getMultipleStates: (keys: readonly string[]) => Promise<Uint8Array[]>;
  putMultipleStates: (entries: readonly (readonly [string, Uint8Array])[]) => Promise<void>;
};

function ledgerState(context: Context): LedgerState {
  const stub = context.stub as Stub;
  const stateKey = ([kind = '', ...parts]: Key): string =>
    stub.createCompositeKey(kind, [...parts]);
  return {
    transactionId: stub.getTxID(),
    isWriter: isWriter(stub.getCreator().idBytes),
    get: (keys) => stub.getMultipleStates(keys.map(stateKey)),
    put: (entries) =>
      stub.putMultipleStates(entries.map(([key, value]) => [stateKey(key), value] as const)),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('INVALID: the argument is not JSON', { cause });
  }
}
