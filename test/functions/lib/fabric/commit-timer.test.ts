import test from 'ava';
import { CommitTimer } from '../../../../functions/lib/fabric/commit-timer.ts';

const bounds = { least: 1_500, most: 10_000 };

const after = (...took: number[]): number => {
  const timer = new CommitTimer(bounds);
  for (const milliseconds of took) timer.took(milliseconds);
  return timer.patience;
};

const times = (count: number, milliseconds: number): number[] =>
  Array.from({ length: count }, () => milliseconds);

for (const { what, took, patience } of [
  { what: 'nothing was committed yet', took: [], patience: 1_500 },
  { what: 'commits are fast', took: times(9, 80), patience: 1_500 },
  { what: 'the first takes long', took: [2_000], patience: 6_000 },
  { what: 'one of them took longer than the bound', took: [60_000], patience: 10_000 },
]) {
  test(`patience where ${what}`, (t) => {
    t.is(after(...took), patience);
  });
}

test('patience comes down to what commits take, once they take that for a while', (t) => {
  const patience = after(9_000, ...times(60, 2_000));
  t.true(patience > 2_000 && patience < 2_200, `${patience}`);
});

test('where commits differ, the longer ones are waited for', (t) => {
  const patience = after(...Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? 1_000 : 3_000)));
  t.true(patience > 3_000, `${patience}`);
});
