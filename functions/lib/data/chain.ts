/** The transactions of the anchor chaincode as its clients call them. */
import { IntegrityError, NotFound, Unavailable, Unprocessable } from '../errors.ts';
import type { Ledger } from '../fabric/ledger.ts';
import { parseAnchored, type Anchored, type Fact } from './fact.ts';

/** What became of facts that were submitted together. */
export interface Submitted {
  transactionId: string;
  block: number;
  /** The transaction that anchored each, in the order given. */
  transactions: string[];
}

/** Throws what {@link Ledger.submit} throws. */
export async function submitFacts(ledger: Ledger, facts: readonly Fact[]): Promise<Submitted> {
  const { transactionId, block, result } = await ledger.submit('put', [JSON.stringify(facts)]);
  return { transactionId, block: Number(block), transactions: JSON.parse(result) as string[] };
}

/**
 * What one peer says of a version; undefined when it knows none.
 *
 * @throws IntegrityError when it answers with what is no fact
 */
export async function readFact(
  ledger: Pick<Ledger, 'evaluate'>,
  key: string,
  version: number,
): Promise<Anchored | undefined> {
  const text = await ledger.evaluate('get', [key, String(version)]).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const anchored = parseAnchored(text);
  if (!anchored) throw new IntegrityError('the chain answers with what is no fact');
  return anchored;
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
