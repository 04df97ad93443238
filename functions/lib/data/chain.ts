/** The transactions of the anchor chaincode as its clients call them. */
import { IntegrityError, Unavailable, Unprocessable } from '../errors.ts';
import type { Ledger } from '../fabric/ledger.ts';
import {
  parseAnchored,
  parseHead,
  type Anchored,
  type Fact,
  type Head,
  type Kept,
} from './fact.ts';

/** Milliseconds in which peers get a block that another one has. */
export const lag = 3_000;

/** What became of facts that were submitted together. */
export interface Submitted {
  transactionId: string;
  block: number;
  /** The transaction that keeps each, in the order given. */
  kept: Kept[];
}

/** Throws what {@link Ledger.submit} throws. */
export async function submitFacts(ledger: Ledger, facts: readonly Fact[]): Promise<Submitted> {
  const { transactionId, block, result } = await ledger.submit('put', [JSON.stringify(facts)]);
  return { transactionId, block: Number(block), kept: JSON.parse(result) as Kept[] };
}

type Attesting = Pick<Ledger, 'attest'>;

/**
 * A version by its number, as peers of two organizations have it; undefined when they know none.
 *
 * @throws IntegrityError when they answer with what is none; what {@link Ledger.attest} throws
 */
export async function readVersion(
  ledger: Attesting,
  id: string,
  version: number,
): Promise<Anchored | undefined> {
  const found = read(await ledger.attest('get', [id, String(version)]), parseAnchored);
  if (!found || (found.id === id && found.version === version)) return found;
  throw new IntegrityError('the chain answers with another version');
}

/** The version whose ciphertext is at an index; throws as {@link readVersion} does. */
export async function findVersion(ledger: Attesting, index: string): Promise<Anchored | undefined> {
  const found = read(await ledger.attest('find', [index]), parseAnchored);
  if (!found || found.index === index) return found;
  throw new IntegrityError('the chain answers with another version');
}

/** The head of a datum; throws as {@link readVersion} does. */
export async function readHead(ledger: Attesting, id: string): Promise<Head | undefined> {
  return read(await ledger.attest('head', [id]), parseHead);
}

function read<T>(text: string, parse: (text: string) => T | undefined): T | undefined {
  if (text === 'null') return undefined;
  const parsed = parse(text);
  if (parsed === undefined) throw new IntegrityError('the chain answers with what is no fact');
  return parsed;
}

/** A peer that refuses to answer a question has refused nothing of the caller's: it cannot be asked now. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof Unprocessable)) throw cause;
    throw new Unavailable('the chain cannot be asked now', { cause });
  }
}
