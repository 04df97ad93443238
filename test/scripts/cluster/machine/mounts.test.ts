import test from 'ava';

import { mountsBelow } from '../../../../scripts/cluster/machine/mounts.ts';

const line = (point: string): string => `22 27 0:21 / ${point} rw,relatime - tmpfs tmpfs rw`;
const info = ['/', '/run/a', '/run/a/b', '/run/ab', '/run/a/with\\040space'].map(line).join('\n');

test('mounts at and below a folder are found, the newest first', (t) => {
  t.deepEqual(mountsBelow(['/run/a'], info), ['/run/a/with space', '/run/a/b', '/run/a']);
});

test('a folder whose name only begins alike is another', (t) => {
  t.false(mountsBelow(['/run/a'], info).includes('/run/ab'));
});

test('nothing below is nothing', (t) => {
  t.deepEqual(mountsBelow(['/home'], info), []);
});
