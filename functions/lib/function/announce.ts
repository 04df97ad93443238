/** Telling `failover` of addresses that do not answer: straight, not through the Broker, which may be what is broken. */
import { suspectedEvent } from '../events.ts';
import type { Tell } from '../suspicion/suspects.ts';
import type { Broker } from './broker.ts';

export interface AnnounceOptions {
  /** Where `failover` takes events; what it does not take is nobody's concern. */
  failover: Broker;
  /** Who suffers: `data-put`. */
  observer: string;
  now?: () => number;
}

/** Milliseconds for one event: `failover` may have to start first, and answers when it has looked. */
export const announceTimeout = 10_000;

/** Milliseconds between two events about one address. */
const pause = 1_000;

/**
 * Never waits and never throws. About one address at most one event is on its way, and at most one
 * a second is sent.
 */
export function createAnnouncer({ failover, observer, now = Date.now }: AnnounceOptions): Tell {
  const sentAt = new Map<string, number>();
  const underWay = new Set<string>();
  return ({ kind, address, since }) => {
    const last = sentAt.get(address);
    if (underWay.has(address) || (last !== undefined && now() - last < pause)) return;
    sentAt.set(address, now());
    underWay.add(address);
    const event = suspectedEvent({ kind, address, observer, since: since.toISOString() });
    void failover
      .send(event)
      .catch(() => undefined)
      .finally(() => underWay.delete(address));
  };
}
