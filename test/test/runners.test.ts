import test from 'ava';
import { countGo, countTap } from '../runners.ts';

test('passed and failed tests of a TAP stream are counted, skipped ones are not', (t) => {
  const lines = ['TAP version 13', 'ok 1 - a', 'not ok 2 - b', 'ok 3 - c # SKIP', 'ok 4 - d'];
  t.deepEqual(countTap(lines, 1), { passed: 2, failed: 1 });
});

test('a runner that crashes or runs nothing counts as a failure', (t) => {
  t.deepEqual(countTap(['ok 1 - a'], 1), { passed: 1, failed: 1 });
  t.deepEqual(countTap([], 0), { passed: 0, failed: 1 });
  t.deepEqual(countGo([], 2), { passed: 0, failed: 1 });
});

test('the tests of `go test -json` are counted, its packages are not', (t) => {
  const lines = [
    '{"Action":"run","Test":"TestA"}',
    '{"Action":"pass","Test":"TestA"}',
    '{"Action":"fail","Test":"TestB"}',
    '{"Action":"fail","Package":"p"}',
    'a line of a build error',
  ];
  t.deepEqual(countGo(lines, 1), { passed: 1, failed: 1 });
});
