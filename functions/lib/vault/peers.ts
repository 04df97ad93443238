/** The members that Vault's own storage (Raft) counts on. */
import { z } from 'zod';
import type { Vault } from './client.ts';

/** One of them. */
export interface VaultPeer {
  /** Its pod. */
  name: string;
  /** Whether it has a vote; a new one has none until it has caught up and been there for ten seconds. */
  voter: boolean;
}

/** Every method throws what {@link Vault} throws: Unavailable, too, while there is no leader. */
export interface VaultPeers {
  list(): Promise<VaultPeer[]>;
  /** Has the others count on it no more. One that has its disk could never come back. */
  remove(name: string): Promise<void>;
}

const configuration = z.object({
  config: z.object({ servers: z.array(z.object({ node_id: z.string(), voter: z.boolean() })) }),
});

export function createPeers(vault: Pick<Vault, 'read' | 'write'>): VaultPeers {
  return {
    async list() {
      const { config } = configuration.parse(await vault.read('sys/storage/raft/configuration'));
      return config.servers.map(({ node_id: name, voter }) => ({ name, voter }));
    },
    async remove(name) {
      await vault.write('sys/storage/raft/remove-peer', { server_id: name });
    },
  };
}
