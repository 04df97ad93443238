import { execFileSync } from 'node:child_process';

import test from 'ava';

import { parseLibraries } from '../../../../scripts/cluster/images/stage.ts';

test('libraries and the loader are read from ldd, the kernel’s own library is not', (t) => {
  const printed = [
    '\tlinux-vdso.so.1 (0x00007fd0b17e3000)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fd0b121e000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007fd0b17e5000)',
    '',
  ].join('\n');
  t.deepEqual(parseLibraries(printed), [
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/lib64/ld-linux-x86-64.so.2',
  ]);
});

test('a static program has none', (t) => {
  t.deepEqual(parseLibraries('\tstatically linked\n'), []);
});

test('the shell of this machine has some', (t) => {
  const printed = execFileSync('ldd', ['/bin/sh']).toString();
  t.true(parseLibraries(printed).some((path) => path.endsWith('/libc.so.6')));
});
