import { setTimeout as delay } from 'node:timers/promises';

export interface Backoff {
  /** How often something is tried, the first time included. */
  tries: number;
  /** The longest pause before the second try, in milliseconds; twice that before the third, and so on. */
  firstMs: number;
  /** The longest pause of all. */
  mostMs: number;
}

/**
 * Milliseconds to wait after so many tries: anything from nothing to a bound that grows, so that those
 * who stood in each other's way do not meet again.
 *
 * @param chance from 0 up to 1
 */
export function pauseAfter(tried: number, { firstMs, mostMs }: Backoff, chance: number): number {
  return Math.min(firstMs * 2 ** (tried - 1), mostMs) * chance;
}

/** What the first try gives that gives something; undefined when none did. What a try throws ends it. */
export async function persist<T>(
  backoff: Backoff,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let tried = 1; ; tried++) {
    const given = await attempt();
    if (given !== undefined || tried >= backoff.tries) return given;
    await delay(pauseAfter(tried, backoff, Math.random()));
  }
}
