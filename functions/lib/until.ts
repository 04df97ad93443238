import { setTimeout as delay } from 'node:timers/promises';
import { Unavailable } from './errors.ts';

export interface UntilOptions {
  /** What is awaited, for the error: «the member to answer». */
  what: string;
  /** Milliseconds until it is given up. */
  timeoutMs: number;
  /** Milliseconds before the second look; each later wait is half as long again. */
  firstMs?: number;
  /** The longest wait between two looks. */
  mostMs?: number;
  signal?: AbortSignal | undefined;
  /** Whether an error of `look` ends the wait at once. By default all are tried again. */
  final?: (error: unknown) => boolean;
}

/** Thrown by a look: what is awaited will never come. */
export class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

/**
 * Looks again and again, with growing pauses, until `look` gives something that is not false, 0 or empty.
 *
 * @throws Unavailable when the time is over, with the last error of `look` as its cause; at once what
 *   is Hopeless
 */
export async function until<T>(
  { what, timeoutMs, firstMs = 100, mostMs = 2_000, signal, final }: UntilOptions,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  for (let pause = firstMs; ; pause = Math.min(pause * 1.5, mostMs)) {
    signal?.throwIfAborted();
    try {
      const seen = await look();
      if (seen) return seen;
    } catch (error) {
      if (isFinal(error, final)) throw error;
      last = error;
    }
    if (Date.now() + pause > end) throw late(what, timeoutMs, last);
    await delay(pause, undefined, { signal });
  }
}

function isFinal(error: unknown, final: UntilOptions['final']): boolean {
  return error instanceof Hopeless || (final?.(error) ?? false);
}

function late(what: string, timeoutMs: number, last: unknown): Unavailable {
  const why = last instanceof Error ? `: ${last.message}` : '';
  return new Unavailable(`waited ${timeoutMs / 1000} s for ${what}${why}`, { cause: last });
}
