import type { KeyStatus } from '../lib/user-key.ts';
import type { UserKey } from '../lib/vault/user-keys.ts';
import type { Note } from '../lib/vault/user-notes.ts';
import type { Deps } from './deps.ts';
import { noSuchKey } from './destroy.ts';

/**
 * What is told of a user's key.
 *
 * @throws NotFound when the user never had one
 * @throws Unavailable
 */
export async function status({ keys, notes }: Deps, user: string): Promise<KeyStatus> {
  const [note, key] = await Promise.all([notes.read(user), keys.find(user)]);
  const described = describe(note, key);
  if (!described) throw noSuchKey();
  return described;
}

/** Pure. What the note says counts: of a key that is destroyed, Vault may have something for a moment longer. */
export function describe(note: Note | undefined, key: UserKey | undefined): KeyStatus | undefined {
  if (note?.destroyedAt !== undefined)
    return { state: 'destroyed', versions: [], destroyedAt: note.destroyedAt };
  // A key that is missing in spite of its note opens nothing, and is not made again.
  if (!key) return note && { state: 'destroyed', versions: [] };
  const { versions } = key;
  return { state: versions.length > 1 ? 'rotating' : 'active', versions };
}
