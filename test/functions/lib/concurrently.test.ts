import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { concurrently } from '../../../functions/lib/concurrently.ts';

test('no more than so many at a time, and the results in order', async (t) => {
  let now = 0;
  let most = 0;
  const results = await concurrently(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    most = Math.max(most, ++now);
    for (let turn = 8; turn > item; turn--) await setImmediate();
    now--;
    return item * 2;
  });
  t.deepEqual(results, [2, 4, 6, 8, 10, 12, 14]);
  t.is(most, 3);
});

test('a failure begins nothing more', async (t) => {
  const begun: number[] = [];
  const failing = concurrently(1, [1, 2, 3], (item) => {
    begun.push(item);
    return item === 2 ? Promise.reject(new Error('no')) : Promise.resolve();
  });
  await t.throwsAsync(failing, { message: 'no' });
  t.deepEqual(begun, [1, 2]);
});

test('nothing to do is done', async (t) => {
  t.deepEqual(await concurrently(3, [], () => Promise.resolve(1)), []);
});
