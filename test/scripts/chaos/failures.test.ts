import test from 'ava';
import { failures } from '../../../scripts/chaos/failures.ts';
import type { Operation } from '../../../scripts/chaos/history.ts';

test('each reason is told once, with how often and when it was given', (t) => {
  const get = { kind: 'get', key: 'k', started: 0 } as const;
  const history: Operation[] = [
    { ...get, ended: 900 },
    { ...get, ended: 3_000, failure: 'late' },
    { ...get, ended: 1_500, failure: 'late' },
    { ...get, kind: 'put', id: 'p', ended: 500, failure: 'late' },
  ];
  t.deepEqual(failures(history, 1_000), [
    '2 × get failed: late (0.5 s to 2.0 s)',
    '1 × put failed: late (-0.5 s to -0.5 s)',
  ]);
});
