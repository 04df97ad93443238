import test from 'ava';
import type { KeptLetter } from '../../../functions/lib/dead-letter.ts';
import { ageOf, tableOf } from '../../../scripts/cli/letters-table.ts';

const now = new Date('2026-01-01T12:00:00Z');
const letter: KeptLetter = {
  id: '0123456789abcdef',
  name: 'dead-letter-0123456789abcdef',
  uid: 'u',
  arrived: '2026-01-01T11:48:00Z',
  event: { id: '1', source: '/s', type: 't.v1' },
  subscriber: 'http://a/',
  code: '400',
  answer: 'no',
};

test('a letter is a line under its heads', (t) => {
  const silent = { id: 'f', name: 'n', uid: 'u', arrived: undefined, event: letter.event };
  t.deepEqual(tableOf([letter, { ...silent, dataLeftOut: 70_000 }], now), [
    'ID                AGE  TYPE  SOURCE  EVENT  NOT TAKEN BY  WHY',
    '0123456789abcdef  12m  t.v1  /s      1      http://a/     400: no',
    'f                 -    t.v1  /s      1      -             (kept without its data) no answer',
  ]);
});

test('what others wrote cannot steer the terminal, nor fill it', (t) => {
  const answer = `\u001b[2J\n${'x'.repeat(1000)}`;
  const [, line = ''] = tableOf([{ ...letter, answer }], now);
  t.notRegex(line, /\p{C}/u);
  t.true(line.length < 200);
});

for (const [since, age] of [
  ['2026-01-01T11:59:55Z', '5s'],
  ['2026-01-01T11:00:01Z', '59m'],
  ['2026-01-01T09:00:00Z', '3h'],
  ['2025-12-23T12:00:00Z', '9d'],
  ['2026-01-01T12:00:09Z', '0s'],
] as const) {
  test(`what came at ${since} is ${age} old`, (t) => {
    t.is(ageOf(since, now), age);
  });
}
