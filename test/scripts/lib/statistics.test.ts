import test from 'ava';
import { median, percentile } from '../../../scripts/lib/statistics.ts';

test('a percentile is a value that was seen', (t) => {
  const values = [5, 1, 4, 2, 3];
  t.is(percentile(values, 50), 3);
  t.is(percentile(values, 99), 5);
  t.is(percentile(values, 0), 1);
  t.throws(() => percentile([], 50), { instanceOf: RangeError });
});

test('the median of an even number of values lies between the two in the middle', (t) => {
  t.is(median([5, 1, 4, 2, 3]), 3);
  t.is(median([4, 1]), 2.5);
  t.is(median([4, 3, 1, 2]), 2.5);
  t.throws(() => median([]), { instanceOf: RangeError });
});
