import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { keepReport, merge } from '../../../scripts/lib/keep-report.ts';
import { between, markdownTable } from '../../../scripts/lib/report.ts';

test('a page keeps what is not measured', (t) => {
  const first = between('# Failover\n\nWhy.\n', 'one');
  const second = between(`${first}\nAnd so on.\n`, 'two');
  t.regex(second, /^# Failover\n\nWhy\.\n\n<!-- .* -->\n\ntwo\n<!-- .* -->\n\nAnd so on\.\n$/);
});

interface Round {
  fault: string;
  seconds: number;
}
const of = ({ fault }: Round): string => fault;
const round = (seconds: number, fault = 'orderer-leader'): Round => ({ fault, seconds });

test('a later run of a fault takes the place of an earlier, round by round', (t) => {
  const [old, other] = [round(1), round(2, 'peer')];
  const first = merge([{ run: '1', rounds: [old, other] }], { run: '2', rounds: [round(3)] }, of);
  const second = merge(first, { run: '2', rounds: [round(4)] }, of);
  t.deepEqual(
    second.map(({ run, rounds }) => [run, rounds.map(({ seconds }) => seconds)]),
    [
      ['1', [2]],
      ['2', [3, 4]],
    ],
  );
});

test('a report is a page with its table and its picture, and the rounds beside it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const look = {
    ...{ title: 'Measured', of, shows: 'Seconds' },
    table: (rounds: readonly Round[]) => markdownTable(['s'], rowsOf(rounds)),
    picture: (rounds: readonly Round[]) => `<svg>${rounds.length}</svg>`,
  };
  const page = join(folder, 'page.md');
  await keepReport(page, [round(1)], look);
  await keepReport(page, [round(2)], look);
  const text = await readFile(page, 'utf8');
  t.regex(
    text,
    /^# Measured\n[^]*\| s \|\n\| --- \|\n\| 1 \|\n\| 2 \|\n\n!\[Seconds\]\(page\.svg\)/,
  );
  t.is(await readFile(join(folder, 'page.svg'), 'utf8'), '<svg>2</svg>');
  await t.throwsAsync(keepReport(join(folder, 'page.txt'), [], look), { message: /Markdown/ });
});

const rowsOf = (rounds: readonly Round[]): string[][] => rounds.map((one) => [`${one.seconds}`]);
