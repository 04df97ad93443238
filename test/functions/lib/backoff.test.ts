import test from 'ava';
import { pauseAfter, persist } from '../../../functions/lib/backoff.ts';

const backoff = { tries: 4, firstMs: 10, mostMs: 30 };

test('pauses grow up to a bound, and chance spreads them below it', (t) => {
  const longest = [1, 2, 3, 4].map((tried) => pauseAfter(tried, backoff, 1));
  t.deepEqual(longest, [10, 20, 30, 30]);
  t.is(pauseAfter(2, backoff, 0.25), 5);
});

test('it is tried until it gives something, and no more often than said', async (t) => {
  let tries = 0;
  t.is(await persist(backoff, () => Promise.resolve(++tries === 3 ? 'given' : undefined)), 'given');
  t.is(tries, 3);
  const nothing = (): Promise<undefined> => {
    tries++;
    return Promise.resolve(undefined);
  };
  t.is(await persist<string>(backoff, nothing), undefined);
  t.is(tries, 7);
});

test('what a try throws ends it', async (t) => {
  let tries = 0;
  const fail = () => Promise.reject(new Error(`no ${++tries}`));
  await t.throwsAsync(persist(backoff, fail), { message: 'no 1' });
});
