import test from 'ava';
import { countAgain, countGo, countTap, failedFiles } from '../runners.ts';

test('passed and failed tests of a TAP stream are counted, skipped ones are not', (t) => {
  const lines = ['TAP version 13', 'ok 1 - a', 'not ok 2 - b', 'ok 3 - c # SKIP', 'ok 4 - d'];
  t.deepEqual(countTap(lines, 1), { passed: 2, failures: ['not ok 2 - b'] });
});

test('what a TAP stream tells of a failed test is kept with its name', (t) => {
  const lines = ['not ok 1 - a', '  ---', '    message: no', '  ...', 'ok 2 - b', 'not ok 3 - c'];
  const told = ['not ok 1 - a\n  ---\n    message: no\n  ...', 'not ok 3 - c'];
  t.deepEqual(countTap(lines, 1), { passed: 1, failures: told });
});

const beside = ['ok 1 - a › x', 'not ok 2 - b › y', '  ---', 'ok 3 - b › z', 'not ok 4 - c › u'];

test('the files of failed tests are run once more, and their tests count as they went then', (t) => {
  t.deepEqual(failedFiles([...beside, 'not ok 5 - b › v', 'not ok 6 - a file ended']), ['b', 'c']);
  const again = new Map([
    ['b', { passed: 2, failures: [] }],
    ['c', { passed: 0, failures: ['not ok 1 - u'] }],
  ]);
  t.deepEqual(countAgain(beside, again), {
    passed: 3,
    failures: ['c: not ok 1 - u'],
    shaky: ['not ok 2 - b › y\n  ---'],
  });
});

test('what failed and names no file stays failed', (t) => {
  const lines = [...beside, 'not ok 5 - a file ended'];
  const again = new Map(['b', 'c'].map((name) => [name, { passed: 1, failures: [] }]));
  t.deepEqual(countAgain(lines, again).failures, ['not ok 5 - a file ended']);
});

test('a runner that crashes or runs nothing counts as a failure', (t) => {
  for (const [count, passed] of [
    [countTap(['ok 1 - a'], 1), 1],
    [countTap([], 0), 0],
    [countGo([], 2), 0],
  ] as const) {
    t.is(count.passed, passed);
    t.regex(count.failures.join(), /named none that failed, and exited with [012]$/);
  }
});

test('the tests of `go test -json` are counted, its packages are not', (t) => {
  const lines = [
    '{"Action":"run","Test":"TestA"}',
    '{"Action":"pass","Test":"TestA"}',
    '{"Action":"fail","Test":"TestB"}',
    '{"Action":"fail","Package":"p"}',
    'a line of a build error',
  ];
  t.deepEqual(countGo(lines, 1), { passed: 1, failures: ['not ok - TestB'] });
});
