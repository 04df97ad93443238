import { NotFound } from '../lib/errors.ts';
import type { Ledgers } from '../lib/ledgers.ts';
import type { DatumRef } from '../lib/metadata.ts';
import type { Anchored } from './verify.ts';

/** What the chain says of versions. */
export interface Chain {
  /** The record of a version, read from a peer or remembered: it never changes. */
  anchor(ref: DatumRef, version: number): Promise<Anchored | undefined>;
  /** The same, read from a peer now. */
  read(ref: DatumRef, version: number): Promise<Anchored | undefined>;
}

/** How many records are remembered, those used last. */
const mostRemembered = 10_000;

export function createChain(ledgers: Ledgers): Chain {
  const remembered = new Map<string, Anchored>();

  const read = (ref: DatumRef, version: number): Promise<Anchored | undefined> =>
    ledgers.with(ref, async (ledger) => {
      try {
        return JSON.parse(await ledger.evaluate('get', [ref.key, String(version)])) as Anchored;
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    });

  return {
    read,
    async anchor(ref, version) {
      const name = JSON.stringify([ref.namespace, ref.network, ref.key, version]);
      const known = remembered.get(name);
      remembered.delete(name);
      const anchored = known ?? (await read(ref, version));
      if (!anchored) return undefined;
      remembered.set(name, anchored);
      const [oldest] = remembered.keys();
      if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
      return anchored;
    },
  };
}
