/** What rounds say of a comparison. Pure. */
import { median, percentile } from '../lib/statistics.ts';
import type { Comparison, Round, Row, Target } from './row.ts';

export interface Side {
  median: number;
  least: number;
  most: number;
}

/** All rounds of a comparison. */
export interface Verdict {
  row: string;
  comparison: Comparison;
  rounds: number;
  ours: Side;
  peer: Side;
  /** Of the medians: ours to the peer's. */
  ratio: number;
  /** Undefined where nothing is asked. */
  met: boolean | undefined;
}

/** In the order of the rows and their comparisons; those without a round are left out. */
export function verdicts(rows: readonly Row[], rounds: readonly Round[]): Verdict[] {
  return rows.flatMap(({ name, comparisons }) =>
    comparisons.flatMap((comparison) => {
      const measured = rounds
        .filter(({ row }) => row === name)
        .flatMap((round) => round.measured.filter(({ what }) => what === comparison.what));
      if (measured.length === 0) return [];
      const [ours, peer] = [
        side(measured.map((one) => one.ours)),
        side(measured.map((one) => one.peer)),
      ];
      const ratio = ours.median / peer.median;
      const met = comparison.target && isMet(comparison.target, ratio);
      return [{ row: name, comparison, rounds: measured.length, ours, peer, ratio, met }];
    }),
  );
}

export function isMet({ at, times }: Target, ratio: number): boolean {
  return at === 'least' ? ratio >= times : ratio <= times;
}

function side(values: readonly number[]): Side {
  return {
    median: median(values),
    least: percentile(values, 0),
    most: percentile(values, 100),
  };
}
