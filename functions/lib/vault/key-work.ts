/**
 * What was begun with users' keys, so that the sweep finishes it (`selvedge/key-work/<id>`, KV version 2). An entry says
 * only whose key to look at; what is to be done, the key and its note say. Each beginning has an entry of its own,
 * so that forgetting one never forgets another.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Vault } from './client.ts';

const stored = z.object({
  user: z.string().min(1),
  /** When it was begun (ISO 8601). */
  since: z.iso.datetime(),
});

export type KeyWork = z.infer<typeof stored> & { id: string };

/** Every method throws what {@link Vault} throws. */
export interface KeyWorks {
  begin(user: string, now: Date): Promise<void>;
  /** What cannot be read as an entry is passed over. */
  list(): Promise<KeyWork[]>;
  /** Absent is fine. */
  forget(id: string): Promise<void>;
}

export function createKeyWorks(vault: Pick<Vault, 'read' | 'write' | 'list' | 'remove'>): KeyWorks {
  const find = async (id: string): Promise<KeyWork | undefined> => {
    const found = stored.safeParse((await vault.read(`selvedge/data/key-work/${id}`))?.data);
    return found.success ? { id, ...found.data } : undefined;
  };
  return {
    async begin(user, now) {
      const data = { user, since: now.toISOString() };
      await vault.write(`selvedge/data/key-work/${randomUUID()}`, { data });
    },
    async list() {
      const found = await Promise.all((await vault.list('selvedge/metadata/key-work')).map(find));
      return found.filter((one) => one !== undefined);
    },
    async forget(id) {
      await vault.remove(`selvedge/metadata/key-work/${id}`);
    },
  };
}
