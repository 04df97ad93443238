import { setTimeout as delay } from 'node:timers/promises';

export interface CallerOptions {
  /** Ends the caller; what it still awaits is awaited. */
  signal: AbortSignal;
  /** Milliseconds between the end of one operation and the begin of the next: a prober is no load test. */
  paceMs: number;
  /** Milliseconds after which the next is begun, whatever became of the one before. */
  impatienceMs?: number;
  /** The most that are awaited at once. */
  mostOpen?: number;
}

/**
 * Calls without pause. One that is not answered does not keep the next from being begun: else it would be the
 * caller's patience, and not the outage, that is measured.
 */
export async function keepCalling(
  operation: () => Promise<void>,
  { signal, paceMs, impatienceMs = 1_000, mostOpen = 8 }: CallerOptions,
): Promise<void> {
  const open = new Set<Promise<void>>();
  while (!signal.aborted) {
    const one = operation().finally(() => open.delete(one));
    open.add(one);
    const enough = new AbortController();
    await Promise.race([one, pause(impatienceMs, enough.signal)]);
    enough.abort();
    if (open.size >= mostOpen) await Promise.race(open);
    await pause(paceMs, signal);
  }
  await Promise.all(open);
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<unknown> =>
  delay(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
