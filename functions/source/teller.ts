import { setTimeout as delay } from 'node:timers/promises';
import { resourceEvent } from '../lib/events.ts';
import type { Broker } from '../lib/function/broker.ts';
import { SelvedgeError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { type Change, keyOf } from './follow.ts';

export interface TellerOptions {
  broker: Broker;
  log: Logger;
  signal: AbortSignal;
  /** Milliseconds before the second try; each later pause is twice as long, up to `mostMs`. */
  firstMs?: number;
  mostMs?: number;
}

/**
 * Sends changes to the Broker until it has taken them: of each object one at a time, and only its newest, for
 * whoever is woken looks at what is there.
 */
export function createTeller(options: TellerOptions): (change: Change) => void {
  const waiting = new Map<string, Change>();
  const busy = new Set<string>();

  const send = async (key: string): Promise<void> => {
    const { firstMs = 100, mostMs = 5_000, broker, log, signal } = options;
    let pause = firstMs;
    for (let change = waiting.get(key); change && !signal.aborted; change = waiting.get(key)) {
      try {
        await broker.send(resourceEvent(change.verb, change.wakes, change.object));
        if (waiting.get(key) === change) waiting.delete(key);
        pause = firstMs;
      } catch (error) {
        if (!(error instanceof SelvedgeError)) throw error;
        log.warn({ error, object: key }, 'not told yet');
        await delay(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(pause * 2, mostMs);
      }
    }
  };

  return (change) => {
    const key = keyOf(change.object);
    waiting.set(key, newest(waiting.get(key), change));
    if (busy.has(key)) return;
    busy.add(key);
    void send(key).finally(() => busy.delete(key));
  };
}

/** An object that nobody heard of yet is new, whatever became of it since. */
function newest(before: Change | undefined, change: Change): Change {
  return before?.verb === 'add' && change.verb === 'update' ? { ...change, verb: 'add' } : change;
}
