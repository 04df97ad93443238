import test from 'ava';
import { UnderWay } from '../../../functions/provisioning/overdue.ts';

const minutes = 60_000;

test('a pass that takes its time is none that hangs; one that does not end is', async (t) => {
  let now = 0;
  const underWay = new UnderWay(() => now);
  const pass = Promise.withResolvers<string>();
  const done = underWay.run(() => pass.promise);
  now = 5 * minutes;
  t.notThrows(() => underWay.requireNoneOverdue());
  now = 7 * minutes;
  t.throws(() => underWay.requireNoneOverdue(), { message: /has not ended for 420 s/ });
  pass.resolve('done');
  t.is(await done, 'done');
  t.notThrows(() => underWay.requireNoneOverdue());
});

test('the oldest tells, also where it fails at last, whoever came since', async (t) => {
  let now = 0;
  const underWay = new UnderWay(() => now);
  const [one, two] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const first = underWay.run(() => one.promise);
  now = 5 * minutes;
  const second = underWay.run(() => two.promise);
  now = 7 * minutes;
  t.throws(() => underWay.requireNoneOverdue());
  one.reject(new Error('it failed'));
  await t.throwsAsync(first);
  t.notThrows(() => underWay.requireNoneOverdue());
  two.resolve('done');
  await second;
});
