/** Why operations failed, in a line for each reason. Pure. */
import type { Operation } from './history.ts';
import { seconds } from './timing.ts';

/** @param struck when the fault struck: times count from there */
export function failures(history: readonly Operation[], struck: number): string[] {
  const failed = history.filter((one) => one.failure !== undefined);
  const reasons = Map.groupBy(failed, ({ kind, failure }) => `${kind} failed: ${failure}`);
  return [...reasons].map(([reason, all]) => {
    const first = Math.min(...all.map(({ ended }) => ended));
    const last = Math.max(...all.map(({ ended }) => ended));
    return `${all.length} × ${reason} (${seconds(first - struck)} to ${seconds(last - struck)})`;
  });
}
