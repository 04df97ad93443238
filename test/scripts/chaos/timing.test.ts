import test from 'ava';
import type { Operation } from '../../../scripts/chaos/history.ts';
import { gaps, longest } from '../../../scripts/chaos/timing.ts';

const get = (ended: number, failure?: string): Operation => ({
  ...{ kind: 'get', key: 'k', started: 0, ended },
  ...(failure === undefined ? {} : { failure }),
});

const table: Record<string, { history: Operation[]; gaps: [number, number][] }> = {
  'between successes, from one end of the window to the other': {
    history: [get(120), get(160)],
    gaps: [
      [100, 120],
      [120, 160],
      [160, 200],
    ],
  },
  'whatever their order': {
    history: [get(190), get(110)],
    gaps: [
      [100, 110],
      [110, 190],
      [190, 200],
    ],
  },
  'failures do not end them': { history: [get(150, 'no')], gaps: [[100, 200]] },
  'nor does what lies outside': { history: [get(90), get(200), get(210)], gaps: [[100, 200]] },
  'nor the other kind': {
    history: [{ kind: 'put', key: 'k', id: 'a', started: 0, ended: 150 }],
    gaps: [[100, 200]],
  },
};

for (const [title, { history, gaps: expected }] of Object.entries(table)) {
  test(`gaps: ${title}`, (t) => {
    const found = gaps(history, 'get', { from: 100, to: 200 });
    t.deepEqual(
      found.map(({ from, to }) => [from, to]),
      expected,
    );
  });
}

test('the longest of them counts', (t) => {
  t.is(longest(gaps([get(120), get(190)], 'get', { from: 100, to: 200 })), 70);
  t.is(longest([]), 0);
});
