/** What a change of a policy and an erasure have in common: tries that the chain decides about. */
import { persist } from '../lib/backoff.ts';
import { Conflict, FateOpen, NoSpace, Unavailable, Unprocessable } from '../lib/errors.ts';

/** Others may change the same datum at the same moment; each try asks the chain. */
const contention = { tries: 5, firstMs: 50, mostMs: 500 };

/** What is said where it comes to nothing, and where nobody knows whether it does. */
export interface Words {
  /** When others came first at every try. */
  overtaken: string;
  /** When it may be in force, or come into force. */
  open: string;
}

/** Has the chain keep something; undefined where it was refused, and the next try may go better. */
export type Send = <T>(work: () => Promise<T>) => Promise<T | undefined>;

/**
 * Tries again what was overtaken, or what the chain refused: peers that lag refuse as well.
 *
 * @param attempt one try, which gives nothing where it was overtaken; from where the chain is asked to keep
 *   something, by `send`
 * @throws Conflict when it was overtaken at every try, or the last refusal
 * @throws FateOpen when what was sent may be kept yet; and what `attempt` throws
 */
export async function amend<T>(
  { overtaken, open }: Words,
  attempt: (send: Send) => Promise<T | undefined>,
): Promise<T> {
  let refusal: Error = new Conflict(overtaken);
  const send: Send = async (work) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unprocessable || error instanceof Conflict))
        throw mayYetBe(error, open);
      refusal = error;
      return undefined;
    }
  };
  const done = await persist(contention, () => attempt(send));
  if (done === undefined) throw refusal;
  return done;
}

/** What passes leaves open what becomes of it: the same again goes on from there. */
export function mayYetBe(error: unknown, open: string): unknown {
  if (error instanceof FateOpen) return error;
  if (!(error instanceof Unavailable || error instanceof NoSpace)) return error;
  return new FateOpen(`${open}: ${error.message}`, { cause: error });
}
