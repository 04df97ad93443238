/**
 * The ledgers of the networks that this process has met. What is needed to reach one lies in
 * Vault, where provisioning put it; it is read on first use, again after a failure, since
 * certificates are renewed and peers move, and again after a while, since a network may be removed
 * and made again under its name.
 */
import { NotFound, Unavailable } from '../errors.ts';
import type { Incarnation, NetworkRef } from '../data/datum.ts';
import type { Vault } from '../vault/client.ts';
import { connection as connectionSchema, type Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';

export interface Ledgers {
  /**
   * The network that has this name now, or had it a few seconds ago: sooner than any other can
   * be made in its place.
   *
   * @throws NotFound when there is no connection: it does not exist or is not ready
   */
  find(network: NetworkRef): Promise<Incarnation>;
  /**
   * Calls `use` with the network's ledger. When it throws Unavailable, the next call reads the
   * connection anew.
   *
   * @throws NotFound when the network is no more, even if there is another of its name
   */
  with<T>(network: Incarnation, use: (ledger: Ledger) => Promise<T>): Promise<T>;
  close(): void;
}

/** Milliseconds for which a connection is believed without looking again. */
const mostAge = 5_000;

/** A connected network. It is closed once it was replaced and nobody uses it any more. */
interface Known {
  ledger: Ledger;
  incarnation: string;
  /** The connection as JSON, to see whether a new reading says anything new. */
  source: string;
  users: number;
  /** When it was read (milliseconds); 0 once it failed. */
  readAt: number;
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
  now: () => number = Date.now,
): Ledgers {
  const slots = new Map<string, Slot>();

  const open = async (slot: Slot, { namespace, network }: NetworkRef): Promise<Known> => {
    const found = await vault.read(`selvedge/data/networks/${namespace}/${network}`);
    const data = found?.data as { connection?: unknown } | null | undefined;
    const before = slot.known;
    if (!data?.connection) {
      delete slot.known;
      if (before) retire(before);
      throw new NotFound(`the network ${network} does not exist or is not ready`);
    }
    const source = JSON.stringify(data.connection);
    if (before?.source === source) {
      before.readAt = now();
      return before;
    }
    const connection = connectionSchema.parse(data.connection);
    const { incarnation } = connection;
    const ledger = connect(connection);
    slot.known = { ledger, incarnation, source, users: 0, readAt: now(), replaced: false };
    if (before) retire(before);
    return slot.known;
  };

  /** While Vault is away, no network can be made in the place of another: what is known holds. */
  const reopen = async (slot: Slot, ref: NetworkRef): Promise<Known> => {
    try {
      return await open(slot, ref);
    } catch (error) {
      if (!(error instanceof Unavailable) || !slot.known) throw error;
      slot.known.readAt = now();
      return slot.known;
    }
  };

  const current = async (ref: NetworkRef): Promise<Known> => {
    const name = `${ref.namespace}/${ref.network}`;
    const slot = slots.get(name) ?? {};
    slots.set(name, slot);
    if (slot.known && now() - slot.known.readAt < mostAge) return slot.known;
    // One reading at a time; whoever comes meanwhile waits for the same.
    slot.opening ??= reopen(slot, ref).finally(() => delete slot.opening);
    return slot.opening;
  };

  return {
    async find({ namespace, network }) {
      const { incarnation } = await current({ namespace, network });
      return { namespace, network, incarnation };
    },

    async with(network, use) {
      const found = await current(network);
      if (found.incarnation !== network.incarnation) {
        throw new NotFound(`the network ${network.network} was removed`);
      }
      found.users++;
      try {
        return await use(found.ledger);
      } catch (error) {
        if (error instanceof Unavailable) found.readAt = 0;
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
