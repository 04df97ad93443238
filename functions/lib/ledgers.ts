/**
 * The ledgers of the networks that this process has met. What is needed to reach one lies in
 * Vault, where provisioning put it; it is read on first use and again after a failure, since
 * certificates are renewed and peers move.
 */
import { NotFound, Unavailable } from './errors.ts';
import { connection as connectionSchema, type Connection } from './fabric/connection.ts';
import type { Ledger } from './fabric/ledger.ts';
import type { NetworkRef } from './metadata-model.ts';
import type { Vault } from './vault.ts';

export interface Ledgers {
  /**
   * Calls `use` with the network's ledger. When it throws Unavailable, the next call reads the
   * connection anew.
   *
   * @throws NotFound when the network has no connection: it does not exist or is not ready
   */
  with<T>(network: NetworkRef, use: (ledger: Ledger) => Promise<T>): Promise<T>;
  close(): void;
}

interface Known {
  ledger: Ledger;
  source: string;
  stale: boolean;
}

export function createLedgers(
  vault: Pick<Vault, 'read'>,
  connect: (connection: Connection) => Ledger,
): Ledgers {
  const known = new Map<string, Promise<Known>>();

  const open = async ({ namespace, network }: NetworkRef, before?: Known): Promise<Known> => {
    const found = await vault.read(`selvedge/data/networks/${namespace}/${network}`);
    const data = found?.data as { connection?: unknown } | null | undefined;
    if (!data?.connection) {
      throw new NotFound(`the network ${network} does not exist or is not ready`);
    }
    const source = JSON.stringify(data.connection);
    if (before?.source === source) return { ...before, stale: false };
    before?.ledger.close();
    return { ledger: connect(connectionSchema.parse(data.connection)), source, stale: false };
  };

  /** One reading at a time for a network; whoever comes meanwhile waits for the same. */
  const find = async (ref: NetworkRef): Promise<Known> => {
    const name = `${ref.namespace}/${ref.network}`;
    const before = await known.get(name)?.catch(() => undefined);
    if (before && !before.stale) return before;
    const after = known.get(name);
    const now = after && (await after.catch(() => undefined));
    if (after && now && !now.stale) return now;
    const opening = open(ref, before);
    known.set(name, opening);
    opening.catch(() => {
      if (known.get(name) === opening) known.delete(name);
    });
    return opening;
  };

  return {
    async with(ref, use) {
      const found = await find(ref);
      try {
        return await use(found.ledger);
      } catch (error) {
        if (error instanceof Unavailable) found.stale = true;
        throw error;
      }
    },

    close() {
      for (const opening of known.values()) {
        opening.then(({ ledger }) => ledger.close()).catch(() => undefined);
      }
      known.clear();
    },
  };
}
