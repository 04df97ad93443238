/** Finishes what was begun with users' keys, wherever it was cut off. */
import type { Logger } from '../lib/log.ts';
import type { KeyWork } from '../lib/vault/key-work.ts';
import type { Deps } from './deps.ts';

/** How many entries were done with, left for later, and not looked at because something failed. */
export interface Swept {
  done: number;
  left: number;
  failed: number;
}

/**
 * Milliseconds for which a key is looked at again after something was begun with it: longer than a note counts that
 * `data-put` has read, and than any call under way then, which may have made the key anew.
 */
const settling = 15 * 60_000;

/** One pass over everything; it may end anywhere, and run at once with itself. What fails is left to the next. */
export async function sweep(deps: Deps, log: Logger): Promise<Swept> {
  const swept: Swept = { done: 0, left: 0, failed: 0 };
  for (const work of await deps.works.list()) {
    try {
      swept[(await settle(deps, work)) ? 'done' : 'left']++;
    } catch (error) {
      swept.failed++;
      log.warn({ error, user: work.user }, 'a key was not swept');
    }
  }
  return swept;
}

/** @returns whether nothing is left to be done */
async function settle(deps: Deps, work: KeyWork): Promise<boolean> {
  const { keys, notes, works, now } = deps;
  const note = await notes.read(work.user);
  if (note?.destroyedAt !== undefined) await keys.destroy(work.user);
  if (!isSettled(work, now())) return false;
  await works.forget(work.id);
  return true;
}

export function isSettled({ since }: Pick<KeyWork, 'since'>, now: Date): boolean {
  return now.getTime() - new Date(since).getTime() > settling;
}
