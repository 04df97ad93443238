import { Contract, type Context } from 'fabric-contract-api';
import { paddedVersion } from '../lib/data/datum.ts';
import { get, put, type LedgerState } from './anchor.ts';

/** The contract `anchor`: every method is a transaction whose arguments are strings. */
export class AnchorContract extends Contract {
  constructor() {
    super('anchor');
  }

  /** @param facts a JSON array of facts */
  async put(context: Context, facts: string): Promise<string> {
    return JSON.stringify(await put(ledgerState(context), parse(facts)));
  }

  /** @returns the fact and its transaction's id, as JSON */
  async get(context: Context, key: string, version: string): Promise<string> {
    return JSON.stringify(await get(ledgerState(context), key, version));
  }
}

function ledgerState({ stub }: Context): LedgerState {
  // A range query gives versions in order.
  const stateKey = (key: string, version: number): string =>
    stub.createCompositeKey('anchor', [key, paddedVersion(version)]);
  return {
    transactionId: stub.getTxID(),
    get: (key, version) => stub.getState(stateKey(key, version)),
    put: (key, version, value) => stub.putState(stateKey(key, version), value),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('INVALID: the facts are not JSON', { cause });
  }
}
