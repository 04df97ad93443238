import test from 'ava';
import { picture } from '../../../scripts/chaos/picture.ts';
import { isUnnoticed, strips, table } from '../../../scripts/chaos/report.ts';
import type { Calls, Round } from '../../../scripts/chaos/round.ts';
import { told } from '../../../scripts/chaos/told.ts';

const calls = (longest: number, more: Partial<Calls> = {}): Calls => ({
  ...{ tries: 10, failed: 0, quiet: 100, longest, gaps: [{ from: 0, to: longest }] },
  ...more,
});
const verdict = { acknowledged: 5, unresolved: 0, lost: [], duplicated: [], reordered: [] };
const round = (put: number, more: Partial<Round> = {}): Round => ({
  ...{ fault: 'orderer-leader', failover: true, hit: 'x', lacked: [], end: 40_000, verdict },
  ...{ calls: { put: calls(put), get: calls(150) }, strong: 12_000 },
  ...more,
});

/** The cells of the one row of a table. */
const cells = (...rounds: Round[]): string[] =>
  table(rounds)
    .split('\n')[2]!
    .split(' | ')
    .map((cell) => cell.replace(/^\| | \|$/g, ''));

test('a row has the median and the worst of its rounds, held against what is asked', (t) => {
  const [fault, writes, reads, strength, failed] = cells(round(900), round(1_000), round(1_200));
  t.is(fault, 'orderer-leader (3 rounds)');
  t.is(writes, '1.00 s, p99 1.20 s, before 0.10 s (≤ 1.50 s)');
  t.is(reads, '0.15 s, p99 0.15 s, before 0.10 s (no gap)');
  t.is(strength, '12 s, p99 12 s (≤ 30 s)');
  t.is(failed, '0 of 60');
});

test('what is missed stays, with what was away', (t) => {
  const away = round(9_000, { lacked: ['etcd 2/3'] });
  delete away.strong;
  const [, writes, , strength, , , , bounds] = cells(away);
  t.is(writes, '9.00 s, p99 9.00 s, before 0.10 s (≤ 1.50 s: **missed**)');
  t.is(strength, 'never, p99 never (≤ 30 s: **missed**)');
  t.is(bounds, 'away: etcd 2/3');
});

test('the same without failover stands beside it', (t) => {
  const off = cells(round(900), round(60_000, { failover: false, strong: 80_000 }))[5];
  t.is(off, '60 s, p99 60 s, before 0.10 s; 0.15 s, p99 0.15 s, before 0.10 s; 80 s, p99 80 s');
});

test('a fault of which nothing is asked has its figures', (t) => {
  t.is(cells(round(900, { fault: 'minio' }))[1], '0.90 s, p99 0.90 s, before 0.10 s');
});

test('one promise broken in one round is said loudly', (t) => {
  const broken = round(900, { verdict: { ...verdict, lost: ['a'] } });
  t.is(cells(round(900), broken)[6], '**10 puts: 1 lost, 0 duplicated, 0 reordered**');
  t.is(cells(round(900))[6], '5 puts, none lost, duplicated or reordered');
});

test('a gap goes unnoticed when no request failed and it was as long before', (t) => {
  const reads = (get: Calls): boolean =>
    isUnnoticed(round(900, { calls: { put: get, get } }), 'get');
  t.true(reads(calls(240, { quiet: 20 })));
  t.true(reads(calls(700, { quiet: 400 })));
  t.false(reads(calls(300, { quiet: 20 })));
  t.false(reads(calls(100, { failed: 1 })));
});

test('the picture shows the worst round of each way', (t) => {
  const shown = strips([round(900), round(2_000), round(50_000, { failover: false })]);
  t.deepEqual(
    shown.map(({ label, round: { calls: of } }) => [label, of.put.longest]),
    [
      ['orderer-leader', 2_000],
      ['orderer-leader, without failover', 50_000],
    ],
  );
  const svg = picture(shown);
  t.is(svg.match(/no writes for 50.0 s/g)?.length, 1);
  t.regex(svg, /^<svg [^>]*>[^]*<\/svg>\n$/);
});

test('a round is a line', (t) => {
  t.is(
    told(round(900)),
    'orderer-leader: no write for 0.9 s, no read for 0.1 s (before: 0.1 s, 0.1 s); ' +
      'full strength after 12.0 s; 0 of 20 requests failed; ' +
      '5 puts acknowledged, 0 unresolved: none lost, duplicated or reordered',
  );
});
