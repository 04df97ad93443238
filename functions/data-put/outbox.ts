/**
 * Events of new versions, and of data that were erased, on their way to the Broker. Each stands in etcd from
 * the transaction that made its version current, or closed its datum, until the Broker has taken it, so none
 * is lost for good; one may be sent twice, with the same id.
 */
import { createHash } from 'node:crypto';
import { BrokerRefusal, type Broker } from '../lib/function/broker.ts';
import { Unavailable } from '../lib/errors.ts';
import { resultEvent } from '../lib/events.ts';
import type { Logger } from '../lib/log.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Metadata } from '../lib/data/metadata.ts';
import type { OutboxEntry } from '../lib/data/model.ts';

export const source = '/selvedge/data-put';

export interface Outbox {
  /** Sends an event without waiting; what fails stays for `flush`, and so does what is too much. */
  announce(entry: OutboxEntry): void;
  /** Sends all that is left from earlier; ends when the Broker is away, and passes over what cannot be sent. */
  flush(): Promise<number>;
  /** Settles once nothing is on its way. */
  idle(): Promise<void>;
}

/** The same for the same version, or erasure, of a datum, so that receivers can drop a second telling. */
export function eventId(ref: DatumRef, what: number | 'erased'): string {
  const { namespace, network, incarnation, key } = ref;
  const identity = JSON.stringify([namespace, network, incarnation, key, what]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** Younger entries are on their way by `announce`. */
const grace = 30_000;

/** How many events are on their way to the Broker at once, and how many wait: a batch has a thousand. */
const most = { atOnce: 16, waiting: 5_000 };

export function createOutbox(
  { metadata, broker, now }: { metadata: Metadata; broker: Broker; now: () => Date },
  log: Logger,
): Outbox {
  const sending = new Set<Promise<void>>();
  let waiting: OutboxEntry[] = [];

  const send = async ({ id, type, subject, data }: OutboxEntry): Promise<void> => {
    await broker.send(resultEvent(type, source, subject, data, id));
    await metadata.sent(id);
  };

  /** Sends what waits, one after another, until nothing does or the Broker is away. */
  const work = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
      try {
        await send(entry);
      } catch (error) {
        const isAway = error instanceof Unavailable && !(error instanceof BrokerRefusal);
        const left = isAway ? waiting.length : 0;
        if (isAway) waiting = [];
        log.warn({ error, event: entry.id, left }, 'left for the sweep');
      }
    }
  };

  return {
    announce(entry) {
      if (waiting.length >= most.waiting) return;
      waiting.push(entry);
      if (sending.size >= most.atOnce) return;
      const worker = work().finally(() => sending.delete(worker));
      sending.add(worker);
    },

    async flush() {
      let count = 0;
      for await (const entry of metadata.outbox()) {
        if (now().getTime() - new Date(entry.createdAt).getTime() < grace) continue;
        try {
          await send(entry);
          count++;
        } catch (error) {
          if (error instanceof Unavailable && !(error instanceof BrokerRefusal)) {
            log.warn({ error, event: entry.id }, 'the Broker takes no events; the rest waits');
            return count;
          }
          log.error({ error, event: entry.id }, 'an event that cannot be sent');
        }
      }
      return count;
    },

    async idle() {
      await Promise.all(sending);
    },
  };
}
