import test from 'ava';

import { Hopeless, until } from '../../../scripts/cluster/poll.ts';

const soon = { timeout: 1000, interval: 1 };

test('what is seen is given', async (t) => {
  let looks = 0;
  t.is(await until('three', soon, () => Promise.resolve(++looks === 3 && looks)), 3);
});

test('errors count as not yet, and the last is told when the time is over', async (t) => {
  const look = (): Promise<never> => Promise.reject(new Error('refused'));
  await t.throwsAsync(until('it', { timeout: 20, interval: 1 }, look), {
    message: 'waited 0.02 s for it: refused',
  });
});

test('what is hopeless ends the wait at once', async (t) => {
  let looks = 0;
  const look = (): Promise<never> => {
    looks++;
    return Promise.reject(new Hopeless('dead'));
  };
  await t.throwsAsync(until('it', soon, look), { message: 'dead' });
  t.is(looks, 1);
});

test('an interruption ends the wait', async (t) => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await t.throwsAsync(
    until('it', { ...soon, signal }, () => Promise.resolve(true)),
    {
      message: 'stopped',
    },
  );
});
