/**
 * The story of a destruction, in the order that makes a crash anywhere harmless:
 *
 *  1. begin: from here on the sweep finishes what is left;
 *  2. bury: the note says that the key is destroyed, so that nobody makes it again;
 *  3. destroy: every version of it is gone, and with them all that it wrapped.
 */
import { NotFound } from '../lib/errors.ts';
import type { Deps } from './deps.ts';

/**
 * Destroys a user's key for good; one that was destroyed before stays so.
 *
 * @returns when it was destroyed (ISO 8601)
 * @throws NotFound when the user never had one: nothing was done
 * @throws Conflict, Unavailable; the same again tells
 */
export async function destroy({ keys, notes, works, now }: Deps, user: string): Promise<string> {
  const [note, key] = await Promise.all([notes.read(user), keys.find(user)]);
  if (!note && !key) throw noSuchKey();
  if (!key && note?.destroyedAt !== undefined) return note.destroyedAt;
  await works.begin(user, now());
  const destroyedAt = await notes.bury(user, now());
  await keys.destroy(user);
  return destroyedAt;
}

export const noSuchKey = (): NotFound =>
  new NotFound('there is no key yet: it is made with the first put');
