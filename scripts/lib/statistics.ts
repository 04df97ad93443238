/**
 * The value that so many percent of all are not above: nearest rank, so of few it is the largest.
 *
 * @throws RangeError when there are none
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  const found = sorted[rank - 1];
  if (found === undefined) throw new RangeError('a percentile of nothing');
  return found;
}

/**
 * The middle value, or the mean of the two that are in the middle.
 *
 * @throws RangeError when there are none
 */
export function median(values: readonly number[]): number {
  const lower = percentile(values, 50);
  const upper = -percentile(
    values.map((value) => -value),
    50,
  );
  return (lower + upper) / 2;
}
