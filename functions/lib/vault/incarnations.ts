/**
 * Networks that were removed and whose data are still to be erased: provisioning says so in Vault
 * (`selvedge/incarnations/<uid>`, KV version 2), and the sweep of `data-put` does it. What is written
 * there twice is the same, so either may end anywhere and be started again.
 */
import { z } from 'zod';
import type { Vault } from './client.ts';

const removal = z.object({
  state: z.literal('removed'),
  namespace: z.string().min(1),
  network: z.string().min(1),
  /** When the network was removed (ISO 8601). */
  removed: z.iso.datetime(),
});

/** A network that was removed: `incarnation` is the UID that its resource had. */
export type Removal = Omit<z.infer<typeof removal>, 'state'> & { incarnation: string };

/** Every method throws what {@link Vault} throws. */
export interface Incarnations {
  /** Has the data of a removed network erased. */
  bury(removal: Removal): Promise<void>;
  /** Those whose data are still to be erased. What cannot be read as one is passed over. */
  removed(): Promise<Removal[]>;
  /** Says that nothing is left of one. */
  forget(incarnation: string): Promise<void>;
}

export function createIncarnations(
  vault: Pick<Vault, 'read' | 'write' | 'list' | 'remove'>,
): Incarnations {
  const dataPath = (uid: string): string => `selvedge/data/incarnations/${encodeURIComponent(uid)}`;
  const metadataPath = 'selvedge/metadata/incarnations';

  const find = async (incarnation: string): Promise<Removal | undefined> => {
    const found = removal.safeParse((await vault.read(dataPath(incarnation)))?.data);
    if (!found.success) return undefined;
    const { state: _, ...rest } = found.data;
    return { incarnation, ...rest };
  };

  return {
    async bury({ incarnation, ...rest }) {
      await vault.write(dataPath(incarnation), { data: { state: 'removed', ...rest } });
    },
    async removed() {
      const found = await Promise.all((await vault.list(metadataPath)).map(find));
      return found.filter((one) => one !== undefined);
    },
    async forget(incarnation) {
      await vault.remove(`${metadataPath}/${encodeURIComponent(incarnation)}`);
    },
  };
}
