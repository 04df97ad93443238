import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  /** Milliseconds until it is given up. */
  timeout: number;
  /** Milliseconds between two looks. */
  interval?: number;
  signal?: AbortSignal | undefined;
}

/** Thrown by a look: what is awaited will never come. */
export class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

/**
 * Looks again and again until `look` gives something.
 * @param what is awaited, for the error, such as "the API server to be ready"
 * @throws Error when the time is over, with the last error of `look` as its cause; at once what is Hopeless
 */
export async function until<T>(
  what: string,
  options: PollOptions,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const { timeout, interval = 200, signal } = options;
  const end = Date.now() + timeout;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (Date.now() > end) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`waited ${timeout / 1000} s for ${what}${why}`, { cause: last });
    }
    await delay(interval);
  }
}
