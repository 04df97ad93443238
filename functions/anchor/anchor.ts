/**
 * What the anchor chaincode does, over the few calls of the ledger that it needs.
 * Every peer runs this for itself and must come to the same bytes: no clock, no chance, no I/O.
 */
import {
  anchoredText,
  factOf,
  factText,
  faultOf,
  parseAnchored,
  type Anchored,
  type Fact,
} from '../lib/data/fact.ts';

/** The part of Fabric's stub that is used. Writes of a transaction are not seen by its reads. */
export interface LedgerState {
  transactionId: string;
  get(key: string, version: number): Promise<Uint8Array>;
  put(key: string, version: number, value: Uint8Array): Promise<void>;
}

/** More would make a transaction that endorsers hold for too long. */
const mostFacts = 1000;

/**
 * Anchors facts. One that is already there with the same content stays as it is, so a
 * transaction may be sent again; one with other content is refused, and with it the whole.
 *
 * @returns the transaction that anchored each, in the order given
 */
export async function put(state: LedgerState, given: unknown): Promise<string[]> {
  const seen = new Map<string, string>();
  const transactions: string[] = [];
  for (const fact of check(given)) {
    const identity = JSON.stringify([fact.key, fact.version]);
    const content = factText(fact);
    const known = await find(state, fact.key, fact.version);
    const other = known ? factText(known) : seen.get(identity);
    if (other !== undefined && other !== content) {
      throw new Error(`CONFLICT: ${identity} is anchored with other content`);
    }
    seen.set(identity, content);
    transactions.push(known?.transactionId ?? state.transactionId);
    if (other === undefined) {
      const value = anchoredText(fact, state.transactionId);
      await state.put(fact.key, fact.version, Buffer.from(value));
    }
  }
  return transactions;
}

/** The fact of a version. Throws an error that begins with `NOT_FOUND` when there is none. */
export async function get(state: LedgerState, key: string, version: string): Promise<Anchored> {
  const number = Number(version);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new Error('INVALID: a version is a positive integer');
  }
  const found = await find(state, key, number);
  if (!found) throw new Error(`NOT_FOUND: ${JSON.stringify([key, number])} is not anchored`);
  return found;
}

async function find(
  state: LedgerState,
  key: string,
  version: number,
): Promise<Anchored | undefined> {
  const value = await state.get(key, version);
  if (value.length === 0) return undefined;
  const known = parseAnchored(Buffer.from(value).toString());
  if (!known)
    throw new Error(`CONFLICT: ${JSON.stringify([key, version])} is kept in another form`);
  return known;
}

function check(given: unknown): Fact[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > mostFacts) {
    throw new Error(`INVALID: a list of 1 to ${mostFacts} facts is needed`);
  }
  return given.map((fact: unknown, position) => {
    const fault = faultOf(fact);
    if (fault !== undefined) throw new Error(`INVALID: fact ${position}: ${fault}`);
    return factOf(fact as Fact);
  });
}
