/**
 * Notes of users in Vault (`selvedge/users/<id>`, KV version 2): whose key was made, and whose was destroyed. A note
 * is never removed, so a key that is missing in spite of it is not made again. Who makes keys writes the first
 * note and cannot change it; who destroys them writes the last.
 */
import { z } from 'zod';
import { Conflict, Unavailable } from '../errors.ts';
import type { Vault } from './client.ts';
import { VaultRefusal } from './refusal.ts';

export interface Note {
  /** When its destruction began (ISO 8601): nothing of the user is given or taken from then on. */
  destroyedAt?: string | undefined;
}

/** Every method throws what {@link Vault} throws, and Unavailable when a note cannot be read as one. */
export interface UserNotes {
  read(user: string): Promise<Note | undefined>;
  /** Notes that the user's key was made; a note that is there stays. */
  make(user: string): Promise<Note>;
  /**
   * Notes that the user's key is destroyed; the first time stays.
   *
   * @returns when that was
   * @throws Conflict when others keep changing the note
   */
  bury(user: string, now: Date): Promise<string>;
}

const stored = z.object({
  data: z.object({ made: z.literal(true), destroyedAt: z.iso.datetime().optional() }),
  metadata: z.object({ version: z.number().int() }),
});

/** How often a note is written anew that others change: it changes twice in all. */
const mostTries = 3;

export function createUserNotes(vault: Pick<Vault, 'read' | 'write'>): UserNotes {
  const path = (user: string): string => `selvedge/data/users/${encodeURIComponent(user)}`;

  const find = async (user: string): Promise<z.infer<typeof stored> | undefined> => {
    const found = await vault.read(path(user));
    if (!found) return undefined;
    const note = stored.safeParse(found);
    if (!note.success) throw new Unavailable('what Vault notes of the user cannot be read');
    return note.data;
  };
  const read: UserNotes['read'] = async (user) => (await find(user))?.data;

  return {
    read,

    async make(user) {
      try {
        await vault.write(path(user), { options: { cas: 0 }, data: { made: true } });
        return {};
      } catch (error) {
        // Another function may have come first.
        const note = error instanceof VaultRefusal ? await read(user) : undefined;
        if (!note) throw error;
        return note;
      }
    },

    async bury(user, now) {
      const destroyedAt = now.toISOString();
      for (let tries = 0; tries < mostTries; tries++) {
        const found = await find(user);
        if (found?.data.destroyedAt !== undefined) return found.data.destroyedAt;
        const cas = found?.metadata.version ?? 0;
        try {
          await vault.write(path(user), { options: { cas }, data: { made: true, destroyedAt } });
          return destroyedAt;
        } catch (error) {
          if (!(error instanceof VaultRefusal) || !/check-and-set/.test(error.message)) throw error;
        }
      }
      throw new Conflict('others kept changing what is noted of the user; try again');
    },
  };
}
