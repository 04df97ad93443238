import test from 'ava';
import { picture, share } from '../../../scripts/bench/picture.ts';
import { table, told } from '../../../scripts/bench/report.ts';
import type { Comparison, Round, Row, Target } from '../../../scripts/bench/row.ts';
import { isMet, verdicts } from '../../../scripts/bench/verdict.ts';

const row = (name: string, ...comparisons: Comparison[]): Row => ({
  ...{ name, says: name, comparisons },
  open: () => Promise.reject(new Error('not here')),
});
const rows = [
  row(
    'puts',
    { what: 'puts', unit: '/s', target: { at: 'least', times: 5 } },
    { what: 'p99', unit: 'ms', target: { at: 'most', times: 0.5 } },
  ),
  row('lonely', { what: 'p50', unit: 'ms' }),
];
const puts = (ours: number, peer: number, p99: [number, number] = [10, 40]): Round => ({
  row: 'puts',
  measured: [
    { what: 'puts', ours, peer },
    { what: 'p99', ours: p99[0], peer: p99[1] },
  ],
});
const lonely: Round = { row: 'lonely', measured: [{ what: 'p50', ours: 2_040.4, peer: 2_000 }] };

test('a row has the medians of both sides, what they lie between, and their ratio', (t) => {
  const rounds = [puts(600, 90), lonely, puts(500, 110), puts(700, 100)];
  t.is(
    table(rows, rounds),
    `| row | what | ours | peer | ratio | target | rounds |
| --- | --- | --- | --- | --- | --- | --- |
| puts | puts | 600 /s (500–700) | 100 /s (90.0–110) | 6.00× | ≥ 5× | 3 |
| puts | p99 | 10.0 ms (10.0–10.0) | 40.0 ms (40.0–40.0) | 0.25× | ≤ 0.5× | 3 |
| lonely | p50 | 2040 ms (2040–2040) | 2000 ms (2000–2000) | 1.02× | – | 1 |
`,
  );
});

test('what is missed says so', (t) => {
  const missed = table(rows, [puts(499, 100, [30, 40])]);
  t.regex(missed, /4\.99× \| ≥ 5×: \*\*missed\*\*/);
  t.regex(missed, /0\.75× \| ≤ 0\.5×: \*\*missed\*\*/);
});

test('a comparison that was not measured, or is no more, is left out', (t) => {
  const old: Round = { row: 'puts', measured: [{ what: 'gone', ours: 1, peer: 1 }] };
  t.deepEqual(verdicts(rows, [old]), []);
});

test('a round is a line', (t) => {
  t.is(
    told(rows, puts(600, 100)),
    'puts: puts 600 to 100 /s, 6.00× (≥ 5×); p99 10.0 to 40.0 ms, 0.25× (≤ 0.5×)',
  );
});

const least: Target = { at: 'least', times: 5 };
const most: Target = { at: 'most', times: 0.5 };
const targets: Record<string, { target: Target; ratio: number; met: boolean; share: number }> = {
  'more than what must be had at least': { target: least, ratio: 10, met: true, share: 2 },
  'as much as that': { target: least, ratio: 5, met: true, share: 1 },
  'less than that': { target: least, ratio: 2.5, met: false, share: 0.5 },
  'less than what may be had at most': { target: most, ratio: 0.25, met: true, share: 2 },
  'as much as may be': { target: most, ratio: 0.5, met: true, share: 1 },
  'more than may be': { target: most, ratio: 1, met: false, share: 0.5 },
};
for (const [title, { target, ratio, met, share: expected }] of Object.entries(targets)) {
  test(`targets: ${title}`, (t) => {
    t.is(isMet(target, ratio), met);
    t.is(share(target, ratio), expected);
  });
}

test('the picture shows what is asked, and by its colour what is missed', (t) => {
  const svg = picture(verdicts(rows, [puts(600, 100, [40, 40]), lonely]));
  t.is(svg.match(/fill="#2f7d5b"/g)?.length, 1);
  t.is(svg.match(/fill="#c8402f"/g)?.length, 1);
  t.regex(svg, /^<svg [^>]*>[^]*6\.00× \(≥ 5×\)[^]*<\/svg>\n$/);
  t.notRegex(svg, /lonely/);
});
