/** Settling what stands in etcd until the chain has decided about it. */
import type { DatumRef } from '../lib/data/datum.ts';
import { scopeOf } from '../lib/data/datum.ts';
import type { Revised } from '../lib/data/model.ts';
import { SelvedgeError, Unavailable } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { ageOf, patience } from './decisions.ts';

/** How many met which end. */
export interface Settled {
  finished: number;
  removed: number;
  failed: number;
}

/** One pass of the sweep. */
export interface Round {
  now: () => Date;
  /** Incarnations of networks that are no more: all that bears them is erased elsewhere. */
  removed: ReadonlySet<string>;
  log: Logger;
}

/** Milliseconds since it began after which the sweep looks at it. */
export const isDue = ({ since }: { since: string }, now: Date): boolean =>
  ageOf(since, now) > patience.stored;

/**
 * @param what they are, for the log
 * @param settle gives the end that one met; undefined where it is left for the next pass
 */
export async function settleEach<T extends DatumRef & { since: string }>(
  what: string,
  found: AsyncIterable<Revised<T>>,
  settle: (one: Revised<T>) => Promise<'finished' | 'removed' | undefined>,
  { now, removed, log }: Round,
): Promise<Settled> {
  const settled = { finished: 0, removed: 0, failed: 0 };
  // A network that does not answer is asked once a pass.
  const silent = new Set<string>();
  for await (const one of found) {
    const { incarnation, network, key } = one.value;
    const place = scopeOf(one.value);
    if (removed.has(incarnation) || !isDue(one.value, now())) continue;
    const about = { what, network, key };
    try {
      if (silent.has(place)) throw new Unavailable('the network did not answer in this pass');
      const end = await settle(one);
      if (end) settled[end]++;
      if (end) log.info({ ...about, end }, 'swept');
    } catch (error) {
      settled.failed++;
      if (error instanceof Unavailable) silent.add(place);
      log[error instanceof SelvedgeError ? 'warn' : 'error']({ error, ...about }, 'not swept');
    }
  }
  return settled;
}
