/**
 * The story of a rotation: a new version of the key is made, and new data keys are wrapped by it at once; the sweep has
 * those that are there wrapped anew; when nothing of an older version is left, none opens anything any more.
 */
import { Conflict, Gone } from '../lib/errors.ts';
import type { KeyStatus } from '../lib/user-key.ts';
import type { Deps } from './deps.ts';
import { status } from './status.ts';

/**
 * Makes a new version of a user's key.
 *
 * @throws NotFound when the user never had one; Gone when it was destroyed
 * @throws Conflict when a rotation is under way; nothing was done
 * @throws Unavailable
 */
export async function rotate(deps: Deps, user: string): Promise<KeyStatus> {
  const { state } = await status(deps, user);
  if (state === 'destroyed') throw new Gone('the key was destroyed');
  if (state === 'rotating') throw new Conflict('a rotation is under way, and has its end first');
  await deps.works.begin(user, deps.now());
  await deps.keys.rotate(user);
  return status(deps, user);
}
