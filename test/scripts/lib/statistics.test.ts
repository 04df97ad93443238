import test from 'ava';
import { percentile } from '../../../scripts/lib/statistics.ts';

test('a percentile is a value that was seen', (t) => {
  const values = [5, 1, 4, 2, 3];
  t.is(percentile(values, 50), 3);
  t.is(percentile(values, 99), 5);
  t.is(percentile(values, 0), 1);
  t.throws(() => percentile([], 50), { instanceOf: RangeError });
});
