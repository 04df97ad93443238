import test from 'ava';
import type { Bench, Round, Row } from '../../../scripts/bench/row.ts';
import { rowNamed, rows } from '../../../scripts/bench/rows/index.ts';
import { runRows } from '../../../scripts/bench/run.ts';

const bench: Bench = {
  world: () => Promise.reject(new Error('there is no cluster here')),
  ...{ forMs: 1, signal: new AbortController().signal },
};

/** A row whose turns are written down, each with a number that grows. */
function written(turns: string[], failing = Infinity): Row {
  const turn = (side: string) => () => {
    if (turns.length >= failing) return Promise.reject(new Error('it broke'));
    return Promise.resolve([turns.push(side)]);
  };
  return {
    ...{ name: 'one', says: 'one', comparisons: [{ what: 'turns', unit: '' }] },
    open: () =>
      Promise.resolve({
        ...{ ours: turn('ours'), peer: turn('peer') },
        close: () => Promise.resolve(void turns.push('closed')),
      }),
  };
}

test('both sides have their turns, now the one first, now the other, and a first one that does not count', async (t) => {
  const turns: string[] = [];
  const seen: Round[] = [];
  const onRound = (round: Round): void => void seen.push(round);
  await runRows([written(turns)], bench, { rounds: 2, say: () => undefined, onRound });
  t.deepEqual(turns, ['ours', 'peer', 'peer', 'ours', 'ours', 'peer', 'closed']);
  t.deepEqual(seen, [
    { row: 'one', measured: [{ what: 'turns', ours: 4, peer: 3 }] },
    { row: 'one', measured: [{ what: 'turns', ours: 5, peer: 6 }] },
  ]);
});

test('a row that fails is cleaned up, and its failure is told', async (t) => {
  const turns: string[] = [];
  const options = { rounds: 5, say: () => undefined, onRound: () => undefined };
  await t.throwsAsync(runRows([written(turns, 3)], bench, options), { message: 'it broke' });
  t.is(turns.at(-1), 'closed');
});

test('a row that is not there is answered with those that are', (t) => {
  t.is(rowNamed('puts').name, 'puts');
  t.throws(() => rowNamed('nothing'), { message: /no row is called nothing; there are: puts, / });
});

test('no two comparisons of a row are called the same: rounds are kept by what they are of', (t) => {
  for (const { name, comparisons } of rows) {
    const named = new Set(comparisons.map(({ what }) => what));
    t.is(named.size, comparisons.length, name);
  }
});
