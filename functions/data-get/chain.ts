import { asked, readHead, readVersion } from '../lib/data/chain.ts';
import { scopeOf, type DatumRef } from '../lib/data/datum.ts';
import type { Anchored, Head } from '../lib/data/fact.ts';
import type { Names } from '../lib/data/names.ts';
import type { Ledger } from '../lib/fabric/ledger.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';

/** What the chain says of data. Every method throws Unavailable when it cannot be asked now. */
export interface Chain {
  /**
   * The head of a datum as it is now; undefined when the chain knows none.
   *
   * @throws IntegrityError when peers of two organizations go on to differ
   */
  head(ref: DatumRef): Promise<Head | undefined>;
  /** The fact of a version, read from peers or remembered: it never changes. Throws as `head` does. */
  version(ref: DatumRef, version: number): Promise<Anchored | undefined>;
  /** The block of a valid transaction; undefined while nobody knows it, which takes seconds to say. */
  blockOf(ref: DatumRef, transactionId: string): Promise<number | undefined>;
}

/** How many facts are remembered, those used last. */
const mostRemembered = 10_000;

export function createChain(ledgers: Pick<Ledgers, 'with'>, names: Pick<Names, 'idOf'>): Chain {
  const remembered = new Map<string, Anchored>();

  // What is refused is told within, so that the connection is read anew for the next question.
  const ask = async <T>(ref: DatumRef, question: (ledger: Ledger, id: string) => Promise<T>) => {
    const id = await names.idOf(ref);
    return ledgers.with(ref, (ledger) => asked(question(ledger, id)));
  };

  return {
    head: (ref) => ask(ref, readHead),

    async version(ref, version) {
      const name = JSON.stringify([scopeOf(ref), ref.key, version]);
      const known = remembered.get(name);
      remembered.delete(name);
      const anchored = known ?? (await ask(ref, (ledger, id) => readVersion(ledger, id, version)));
      if (!anchored) return undefined;
      remembered.set(name, anchored);
      const [oldest] = remembered.keys();
      if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
      return anchored;
    },

    blockOf: (ref, transactionId) =>
      ask(ref, async (ledger) => {
        const status = await ledger.commitStatus(transactionId);
        return status?.successful ? Number(status.block) : undefined;
      }),
  };
}
