import test from 'ava';
import { coalesced } from '../../../functions/lib/coalesced.ts';

test('events that come during a pass share one more', async (t) => {
  const release: (() => void)[] = [];
  let passes = 0;
  const wake = coalesced(() => {
    passes++;
    return new Promise((resolve) => release.push(resolve));
  });
  const first = wake();
  const later = [wake(), wake(), wake()];
  t.is(passes, 1);
  release.shift()!();
  await first;
  await new Promise(setImmediate);
  t.is(passes, 2);
  release.shift()!();
  await Promise.all(later);
  t.is(passes, 2);
});

test('a failed pass fails those it was for, and the next starts afresh', async (t) => {
  let passes = 0;
  const wake = coalesced(() =>
    ++passes === 1 ? Promise.reject(new Error('x')) : Promise.resolve(),
  );
  const first = wake();
  const second = wake();
  await t.throwsAsync(first, { message: 'x' });
  await t.notThrowsAsync(second);
  t.is(passes, 2);
});
