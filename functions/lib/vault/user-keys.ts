/** The transit keys of users in Vault (`user-<id>`, AES-256-GCM), as who looks after them sees them: never the key itself. */
import { z } from 'zod';
import type { Vault } from './client.ts';
import { VaultRefusal } from './refusal.ts';

/** What a user's key is called. */
export const keyName = (user: string): string => `user-${encodeURIComponent(user)}`;

export interface UserKey {
  /** Those that still open anything, the oldest first. */
  versions: { version: number; createdAt: string }[];
  /** The number of the one that new data keys are wrapped with. */
  latest: number;
}

/** Every method throws what {@link Vault} throws. */
export interface UserKeys {
  /** Undefined when there is none. */
  find(user: string): Promise<UserKey | undefined>;
  /** Makes a new version of it, for new data keys. */
  rotate(user: string): Promise<void>;
  /** The same data key under the latest version: it does not leave Vault. */
  rewrap(user: string, wrapped: string): Promise<string>;
  /** Has every version before this one open nothing any more. */
  retire(user: string, before: number): Promise<void>;
  /** Destroys every version of it; one that is absent is fine. */
  destroy(user: string): Promise<void>;
}

const described = z.object({
  /** When each version was made: Unix time, in seconds. */
  keys: z.record(z.string().regex(/^\d+$/), z.number()),
  latest_version: z.number().int(),
});

const rewrapped = z.object({ ciphertext: z.string() });

export function createUserKeys(
  vault: Pick<Vault, 'read' | 'write' | 'remove'>,
  mount = 'transit',
): UserKeys {
  const path = (user: string): string => `${mount}/keys/${keyName(user)}`;

  const find: UserKeys['find'] = async (user) => {
    const found = await vault.read(path(user));
    if (!found) return undefined;
    const { keys, latest_version: latest } = described.parse(found);
    const versions = Object.entries(keys)
      .map(([version, made]) => ({ version: Number(version), createdAt: timeOf(made) }))
      .sort((one, other) => one.version - other.version);
    return { versions, latest };
  };

  return {
    find,
    async rotate(user) {
      await vault.write(`${path(user)}/rotate`);
    },
    async rewrap(user, ciphertext) {
      const made = await vault.write(`${mount}/rewrap/${keyName(user)}`, { ciphertext });
      return rewrapped.parse(made).ciphertext;
    },
    async retire(user, before) {
      await vault.write(`${path(user)}/config`, { min_decryption_version: before });
    },
    async destroy(user) {
      if (!(await find(user))) return;
      try {
        await vault.write(`${path(user)}/config`, { deletion_allowed: true });
        await vault.remove(path(user));
      } catch (error) {
        // Another try may have come first.
        if (!(error instanceof VaultRefusal) || (await find(user))) throw error;
      }
    },
  };
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString();
