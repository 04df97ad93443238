/** What was measured, as text. Pure. */
import { markdownTable } from '../lib/report.ts';
import type { Round, Row, Target } from './row.ts';
import { verdicts, type Side, type Verdict } from './verdict.ts';

const heads = ['row', 'what', 'ours', 'peer', 'ratio', 'target', 'rounds'];

/** Of each comparison the medians of both sides, with the least and the most that was seen. */
export function table(rows: readonly Row[], rounds: readonly Round[]): string {
  return markdownTable(
    heads,
    verdicts(rows, rounds).map((verdict) => [
      verdict.row,
      verdict.comparison.what,
      sideText(verdict.ours, verdict.comparison.unit),
      sideText(verdict.peer, verdict.comparison.unit),
      times(verdict.ratio),
      judged(verdict),
      String(verdict.rounds),
    ]),
  );
}

/** A round in a line. */
export function told(rows: readonly Row[], round: Round): string {
  const parts = verdicts(rows, [round]).map((verdict) => {
    const { what, unit } = verdict.comparison;
    const [ours, peer] = [number(verdict.ours.median), number(verdict.peer.median)];
    return `${what} ${ours} to ${peer} ${unit}, ${times(verdict.ratio)} (${judged(verdict)})`;
  });
  return `${round.row}: ${parts.join('; ')}`;
}

export function targetText({ at, times: asked }: Target): string {
  return `${at === 'least' ? '≥' : '≤'} ${asked}×`;
}

function judged({ comparison: { target }, met }: Verdict): string {
  if (target === undefined) return '–';
  return `${targetText(target)}${met ? '' : ': **missed**'}`;
}

function sideText({ median, least, most }: Side, unit: string): string {
  return `${number(median)} ${unit} (${number(least)}–${number(most)})`;
}

export const times = (ratio: number): string => `${ratio.toFixed(2)}×`;

/** Three digits that say something. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
