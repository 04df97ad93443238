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

/**
 * Milliseconds between two events about one address: after one that was taken, `failover` has looked; one that was
 * not may have met what is broken.
 */
const pause = { taken: 5_000, lost: 1_000 };

/**
 * Never waits and never throws. About one address at most one event is on its way, and at most one
 * in five seconds is taken: who is slow under load is suspected often.
 */
export function createAnnouncer({ failover, observer, now = Date.now }: AnnounceOptions): Tell {
  const quietUntil = new Map<string, number>();
  const underWay = new Set<string>();
  return ({ kind, address, since }) => {
    const begun = now();
    if (underWay.has(address) || begun < (quietUntil.get(address) ?? 0)) return;
    underWay.add(address);
    const event = suspectedEvent({ kind, address, observer, since: since.toISOString() });
    void failover
      .send(event)
      .then(
        () => pause.taken,
        () => pause.lost,
      )
      .then((ms) => {
        quietUntil.set(address, begun + ms);
        underWay.delete(address);
      });
  };
}
