/**
 * The ledgers of the networks that this process has met. What is needed to reach one lies in
 * Vault, where provisioning put it; it is read on first use and again after a failure, since
 * certificates are renewed and peers move.
 */
import { NotFound, Unavailable } from '../errors.ts';
import { connection as connectionSchema, type Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';
import type { NetworkRef } from '../data/model.ts';
import type { Vault } from '../vault/client.ts';

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

/** A connected network. It is closed once it was replaced and nobody uses it any more. */
interface Known {
  ledger: Ledger;
  /** The connection as JSON, to see whether a new reading says anything new. */
  source: string;
  users: number;
  stale: boolean;
  replaced: boolean;
}

/** What is held of a network: what was read last, and the reading under way. */
interface Slot {
  known?: Known;
  opening?: Promise<Known>;
}

export function createLedgers(
  vault: Pick<Vault, 'read'>,
  connect: (connection: Connection) => Ledger,
): Ledgers {
  const slots = new Map<string, Slot>();

  const open = async (slot: Slot, { namespace, network }: NetworkRef): Promise<Known> => {
    const found = await vault.read(`selvedge/data/networks/${namespace}/${network}`);
    const data = found?.data as { connection?: unknown } | null | undefined;
    if (!data?.connection) {
      throw new NotFound(`the network ${network} does not exist or is not ready`);
    }
    const source = JSON.stringify(data.connection);
    const before = slot.known;
    if (before?.source === source) {
      before.stale = false;
      return before;
    }
    const ledger = connect(connectionSchema.parse(data.connection));
    slot.known = { ledger, source, users: 0, stale: false, replaced: false };
    if (before) retire(before);
    return slot.known;
  };

  const find = async (ref: NetworkRef): Promise<Known> => {
    const name = `${ref.namespace}/${ref.network}`;
    const slot = slots.get(name) ?? {};
    slots.set(name, slot);
    if (slot.known && !slot.known.stale) return slot.known;
    // One reading at a time; whoever comes meanwhile waits for the same.
    slot.opening ??= open(slot, ref).finally(() => delete slot.opening);
    return slot.opening;
  };

  return {
    async with(ref, use) {
      const found = await find(ref);
      found.users++;
      try {
        return await use(found.ledger);
      } catch (error) {
        if (error instanceof Unavailable) found.stale = true;
        throw error;
      } finally {
        found.users--;
        if (found.replaced) retire(found);
      }
    },

    close() {
      for (const { known } of slots.values()) known?.ledger.close();
      slots.clear();
    },
  };
}

function retire(known: Known): void {
  known.replaced = true;
  if (known.users === 0) known.ledger.close();
}
