/** Erasing what removed networks left off the chain. */
import { objectPrefix, scopeOf } from '../lib/data/datum.ts';
import type { Logger } from '../lib/log.ts';
import type { Removal } from '../lib/vault/incarnations.ts';
import type { Deps } from './deps.ts';

/**
 * Milliseconds after its removal in which a network's data may still be written: by the longest put
 * (10 min), through a connection that is still believed, told by clocks that go 5 min apart.
 */
export const lateness = 20 * 60_000;

/** Milliseconds for one pass: what is left waits for the next. */
const mostMs = 60_000;

/**
 * Erases, in batches, all that removed networks have in etcd and in the object store. A network is
 * only forgotten once nothing was left of it and nothing more can come.
 *
 * @returns how many networks were done with
 */
export async function sweepNetworks(
  deps: Deps,
  removed: readonly Removal[],
  log: Logger,
): Promise<number> {
  const end = deps.now().getTime() + mostMs;
  let forgotten = 0;
  for (const removal of removed) {
    const { incarnation } = removal;
    try {
      if (!(await eraseUntil(deps, removal, end))) continue;
      log.info({ incarnation, network: scopeOf(removal) }, 'nothing is left of a removed network');
      if (deps.now().getTime() - new Date(removal.removed).getTime() <= lateness) continue;
      await deps.incarnations.forget(incarnation);
      forgotten++;
    } catch (error) {
      log.warn({ error, network: scopeOf(removal) }, 'a removed network is not erased yet');
    }
  }
  return forgotten;
}

/** Whether nothing is left. */
async function eraseUntil(
  { metadata, objects, now }: Deps,
  removal: Removal,
  end: number,
): Promise<boolean> {
  while (now().getTime() < end) {
    const [clean, count] = await Promise.all([
      metadata.erase(removal),
      objects.erase(objectPrefix(removal)),
    ]);
    if (clean && count === 0) return true;
  }
  return false;
}
