/**
 * The key that a network's data are named by on its chain, in Vault (`selvedge/names/<uid>`, KV version 2).
 * It is made once in the life of a network: under another one, nothing would be found again. Who makes
 * it may not read it, and who reads it may not change it.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';
import { VaultRefusal, type Vault } from './client.ts';

/** Bytes: as many as HMAC-SHA-256 gives (RFC 2104, section 3). */
const keyLength = 32;

const stored = z.object({ key: z.base64() });

/** By the UID of the network's resource. Every method throws what {@link Vault} throws. */
export interface NameKeys {
  /** Whether there is one; what it is stays unseen. */
  has(incarnation: string): Promise<boolean>;
  /** Makes it; one that is there stays. */
  make(incarnation: string): Promise<void>;
  /** @throws Unavailable when there is none */
  read(incarnation: string): Promise<Buffer>;
  /** Removes it; absent is fine. */
  remove(incarnation: string): Promise<void>;
}

export function createNameKeys(vault: Pick<Vault, 'read' | 'write' | 'remove'>): NameKeys {
  const dataPath = (uid: string): string => `selvedge/data/names/${encodeURIComponent(uid)}`;
  const metadataPath = (uid: string): string =>
    `selvedge/metadata/names/${encodeURIComponent(uid)}`;
  const has = async (incarnation: string): Promise<boolean> =>
    (await vault.read(metadataPath(incarnation))) !== undefined;

  return {
    has,
    async make(incarnation) {
      const key = randomBytes(keyLength).toString('base64');
      try {
        await vault.write(dataPath(incarnation), { options: { cas: 0 }, data: { key } });
      } catch (error) {
        // Another pass may have come first.
        if (!(error instanceof VaultRefusal) || !(await has(incarnation))) throw error;
      }
    },
    async read(incarnation) {
      const found = stored.safeParse((await vault.read(dataPath(incarnation)))?.data);
      const key = Buffer.from(found.data?.key ?? '', 'base64');
      if (key.length === keyLength) return key;
      // Nothing of what was read: it may be half of a key.
      throw new Unavailable('Vault has no key for the names of the network');
    },
    async remove(incarnation) {
      await vault.remove(metadataPath(incarnation));
    },
  };
}
