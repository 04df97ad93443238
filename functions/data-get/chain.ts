import { asked, readFact } from '../lib/data/chain.ts';
import { scopeOf, type DatumRef } from '../lib/data/datum.ts';
import type { Anchored } from '../lib/data/fact.ts';
import type { VersionRecord } from '../lib/data/model.ts';
import type { Ledger } from '../lib/fabric/ledger.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';

/** A version, and the transaction that anchored it by what the metadata says. */
export type Claimed = Pick<VersionRecord, 'version' | 'transactionId'>;

/** What the chain says of versions. */
export interface Chain {
  /** The fact of a version, read from a peer or remembered: it never changes. */
  anchor(ref: DatumRef, claimed: Claimed): Promise<Anchored | undefined>;
  /** The same, read from a peer now. */
  read(ref: DatumRef, claimed: Claimed): Promise<Anchored | undefined>;
}

/** How many facts are remembered, those used last. */
const mostRemembered = 10_000;

export function createChain(ledgers: Pick<Ledgers, 'with'>): Chain {
  const remembered = new Map<string, Anchored>();

  const read = (ref: DatumRef, { version, transactionId }: Claimed) =>
    // What is refused is told within, so that the connection is read anew for the next question.
    ledgers.with(ref, (ledger) => asked(ask(ledger, ref.key, { version, transactionId })));

  return {
    read,
    async anchor(ref, claimed) {
      const name = JSON.stringify([scopeOf(ref), ref.key, claimed.version]);
      const known = remembered.get(name);
      remembered.delete(name);
      const anchored = known ?? (await read(ref, claimed));
      if (!anchored) return undefined;
      remembered.set(name, anchored);
      const [oldest] = remembered.keys();
      if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
      return anchored;
    },
  };
}

async function ask(
  ledger: Ledger,
  key: string,
  { version, transactionId }: Claimed,
): Promise<Anchored | undefined> {
  const found = await readFact(ledger, key, version);
  if (found) return found;
  // This peer may lag behind the one that the put waited for: it gets time for the block.
  const status = await ledger.commitStatus(transactionId);
  return status?.successful ? readFact(ledger, key, version) : undefined;
}
