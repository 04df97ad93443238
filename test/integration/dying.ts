/** Functions that die in the middle of what they do. */
import type { Deps } from '../../functions/keys/deps.ts';
import type { Vault } from '../../functions/lib/vault/client.ts';
import { createKeyWorks } from '../../functions/lib/vault/key-work.ts';
import { createUserKeys } from '../../functions/lib/vault/user-keys.ts';
import { createUserNotes } from '../../functions/lib/vault/user-notes.ts';

/** A function that dies at its n-th call: before Vault has it, or before it has the answer. */
export function dying(
  vault: Vault,
  at: number,
  when: 'before' | 'after',
): { vault: Vault; died(): boolean } {
  let calls = 0;
  const dies = async <T>(call: () => Promise<T>): Promise<T> => {
    const isLast = ++calls >= at;
    if (isLast && (when === 'before' || calls > at)) throw new Error('died');
    const answer = await call();
    if (isLast) throw new Error('died');
    return answer;
  };
  return {
    died: () => calls >= at,
    vault: {
      read: (path) => dies(() => vault.read(path)),
      write: (path, body) => dies(() => vault.write(path, body)),
      remove: (path) => dies(() => vault.remove(path)),
      list: (path) => dies(() => vault.list(path)),
    },
  };
}

/** What of a function's is in Vault. */
export const depsOf = (vault: Vault): Pick<Deps, 'keys' | 'notes' | 'works' | 'now'> => ({
  keys: createUserKeys(vault),
  notes: createUserNotes(vault),
  works: createKeyWorks(vault),
  now: () => new Date(),
});
