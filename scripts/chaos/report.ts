/** The table of what was seen, from rounds; nothing in it is measured by hand. Pure. */
import { markdownTable } from '../lib/report.ts';
import { percentile } from '../lib/statistics.ts';
import { goals, type Goal } from './goals.ts';
import type { Kind } from './history.ts';
import type { Strip } from './picture.ts';
import type { Round } from './round.ts';
import { isClean } from './verdict.ts';

const heads = [
  ...['fault', 'writes resume', 'reads resume', 'full strength'],
  ...['failed requests', 'the same without failover', 'acknowledged', 'what bounds it'],
];

/** Rows of faults in the order of their first round. */
export function table(rounds: readonly Round[]): string {
  const rows = [...Map.groupBy(rounds, ({ fault }) => fault)].map(([fault, of]) => row(fault, of));
  return markdownTable(heads, rows);
}

function row(fault: string, rounds: readonly Round[]): string[] {
  const goal = goals[fault];
  const [on, off] = [true, false].map((is) => rounds.filter(({ failover }) => failover === is));
  if (on === undefined || off === undefined || on.length === 0) return [fault, '–'];
  return [
    `${fault} (${on.length} rounds)`,
    verdictOn(resume(on, 'put'), goal && goal.put, on, 'put'),
    verdictOn(resume(on, 'get'), goal && goal.get, on, 'get'),
    strengthOf(on, goal),
    failedOf(on, goal),
    off.length === 0
      ? '–'
      : `${resume(off, 'put').text}; ${resume(off, 'get').text}; ${strengthOf(off)}`,
    promises(rounds),
    bounds(on),
  ];
}

interface Figure {
  ms: number;
  text: string;
}

/** The median and the 99th percentile of the longest times without a success, and the median before the strike. */
function resume(rounds: readonly Round[], kind: Kind): Figure {
  const all = rounds.map(({ calls }) => calls[kind].longest);
  const quiet = rounds.map(({ calls }) => calls[kind].quiet);
  const ms = percentile(all, 99);
  const [half, before] = [seconds(percentile(all, 50)), seconds(percentile(quiet, 50))];
  return { ms, text: `${half}, p99 ${seconds(ms)}, before ${before}` };
}

function verdictOn(
  { ms, text }: Figure,
  goal: number | 'none' | undefined,
  rounds: readonly Round[],
  kind: Kind,
): string {
  if (goal === undefined) return text;
  const [met, asked] =
    goal === 'none'
      ? [rounds.every((round) => isUnnoticed(round, kind)), 'no gap']
      : [ms <= goal, `≤ ${seconds(goal)}`];
  return `${text} (${asked}${met ? '' : ': **missed**'})`;
}

/** Milliseconds of a gap that nobody would call one, however quiet it was before. */
const noGapMs = 250;

/** No request failed, and none waited for much longer than before the strike. */
export function isUnnoticed({ calls }: Round, kind: Kind): boolean {
  const { failed, longest, quiet } = calls[kind];
  return failed === 0 && longest <= Math.max(noGapMs, 2 * quiet);
}

function strengthOf(rounds: readonly Round[], goal?: Goal): string {
  const all = rounds.map(({ strong }) => strong ?? Infinity);
  const [half, most] = [percentile(all, 50), percentile(all, 99)];
  const text = `${seconds(half)}, p99 ${seconds(most)}`;
  if (!goal) return text;
  return `${text} (≤ ${seconds(goal.strong)}${most <= goal.strong ? '' : ': **missed**'})`;
}

function failedOf(rounds: readonly Round[], goal?: Goal): string {
  const sum = (of: 'tries' | 'failed'): number =>
    rounds.reduce((total, { calls }) => total + calls.put[of] + calls.get[of], 0);
  const text = `${sum('failed')} of ${sum('tries')}`;
  return goal?.spotless ? `${text} (none${sum('failed') === 0 ? '' : ': **missed**'})` : text;
}

/** Of all rounds, with failover and without. */
function promises(rounds: readonly Round[]): string {
  const puts = rounds.reduce((total, { verdict }) => total + verdict.acknowledged, 0);
  const broken = rounds.filter(({ verdict }) => !isClean(verdict));
  if (broken.length === 0) return `${puts} puts, none lost, duplicated or reordered`;
  const count = (what: 'lost' | 'duplicated' | 'reordered'): string =>
    `${broken.reduce((total, { verdict }) => total + verdict[what].length, 0)} ${what}`;
  return `**${puts} puts: ${count('lost')}, ${count('duplicated')}, ${count('reordered')}**`;
}

/** What was missing for longest, and what the fault said itself. */
function bounds(rounds: readonly Round[]): string {
  const lacked = new Set(rounds.flatMap((round) => round.lacked));
  const remarks = new Set(rounds.flatMap(({ remark }) => (remark === undefined ? [] : [remark])));
  const said = [...(lacked.size > 0 ? [`away: ${[...lacked].sort().join(', ')}`] : []), ...remarks];
  return said.length === 0 ? '–' : said.join('; ').replaceAll('|', '\\|');
}

const seconds = (ms: number): string =>
  Number.isFinite(ms) ? `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s` : 'never';

/** Of each fault, with failover and without, the round with the longest outage. */
export function strips(rounds: readonly Round[]): Strip[] {
  const outage = ({ calls }: Round): number => Math.max(calls.put.longest, calls.get.longest);
  const groups = Map.groupBy(
    rounds,
    ({ fault, failover }) => `${fault}${failover ? '' : ', without failover'}`,
  );
  return [...groups].flatMap(([label, of]) => {
    const [worst] = [...of].sort((a, b) => outage(b) - outage(a));
    return worst ? [{ label, round: worst }] : [];
  });
}
