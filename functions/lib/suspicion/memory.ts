/** What is remembered of an address that did not answer. Pure: the clock is a parameter. */

export interface Suspicion {
  /** When it first failed (milliseconds since the epoch). */
  since: number;
  /** How often it failed since it last did its work. */
  failures: number;
  /** When it may be looked at again. */
  lookAt: number;
  /** It answered a look: it is tried as any other, and has yet to do its work. */
  onTrial: boolean;
}

/** Milliseconds until the first look at an address that failed; each later one waits twice as long. */
const firstPause = 250;

/** The longest pause in milliseconds: so late is it noticed at most that an address is back. */
const longestPause = 8_000;

/** After a failure. Those that come before the next look are one with the first. */
export function afterFailure(known: Suspicion | undefined, now: number): Suspicion {
  if (known && !known.onTrial && now < known.lookAt) return known;
  const failures = (known?.failures ?? 0) + 1;
  const pause = Math.min(firstPause * 2 ** (failures - 1), longestPause);
  return { since: known?.since ?? now, failures, lookAt: now + pause, onTrial: false };
}

/** After a look that was answered: what it fails next makes the pause longer, not as short as at first. */
export function afterAnswer(known: Suspicion): Suspicion {
  return { ...known, onTrial: true };
}

/** Whether others are to be tried before it. */
export function isSuspected(known: Suspicion | undefined): boolean {
  return known !== undefined && !known.onTrial;
}

/** Whether it is time to look at it again. */
export function isDue(known: Suspicion, now: number): boolean {
  return isSuspected(known) && now >= known.lookAt;
}
