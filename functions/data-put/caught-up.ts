import { asked, lag } from '../lib/data/chain.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Datum } from '../lib/data/model.ts';
import { until } from '../lib/until.ts';
import type { Deps } from './deps.ts';

/** Whose a datum is each of its versions says: where any was published, peers need the first. */
export const anyOf = (datum: Pick<Datum, 'current'> | undefined): number =>
  datum?.current === undefined ? 0 : 1;

/**
 * What the chain says of a datum once peers have what etcd has published of it; undefined where there is nothing
 * of either.
 *
 * @param published what of it peers must have
 * @throws Unavailable when peers lag for longer than one does that is alive, or cannot be asked
 */
export async function caughtUp(
  { chain, names }: Pick<Deps, 'chain' | 'names'>,
  ref: DatumRef,
  { current = 0, edition = 0 }: Pick<Datum, 'current' | 'edition'>,
): Promise<Head | undefined> {
  const id = await names.idOf(ref);
  const what = 'peers to have what was published';
  const waiting = { what, timeoutMs: lag, firstMs: 25, final: () => true };
  const { head } = await until(waiting, async () => {
    const now = await asked(chain.head(ref, id));
    const has = (now?.version ?? 0) >= current && (now?.edition ?? 0) >= edition;
    return has && { head: now };
  });
  return head;
}
