/**
 * Who has joined a channel, kept in Vault: an orderer that comes back without its disk cannot tell
 * that it took part, and by joining again as it was it might vote a second time.
 */
import type { Pass } from './pass.ts';

export interface Roll {
  has(orderer: string): boolean;
  readonly size: number;
  add(orderers: readonly string[]): Promise<void>;
  /** Once a channel has an orderer no more as what it was: what comes under its name is another. */
  strike(orderer: string): Promise<void>;
}

export async function readRoll({ kept }: Pass, channel: string): Promise<Roll> {
  const name = `joined/${channel}`;
  const members = new Set(((await kept.read(name))?.['members'] ?? []) as string[]);
  const write = (): Promise<void> => kept.write(name, { members: [...members].sort() });
  return {
    has: (orderer) => members.has(orderer),
    get size() {
      return members.size;
    },
    async add(orderers) {
      if (orderers.every((one) => members.has(one))) return;
      for (const one of orderers) members.add(one);
      await write();
    },
    async strike(orderer) {
      if (members.delete(orderer)) await write();
    },
  };
}
