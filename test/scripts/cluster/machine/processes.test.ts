import test from 'ava';

import {
  isSame,
  markOf,
  parseRecord,
  parseStartTime,
  self,
} from '../../../../scripts/cluster/machine/processes.ts';

const stat = (name: string, state: string): string =>
  `42 (${name}) ${state} 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 9 0 98765 1000 10 18446744073709551615`;

test('the start time is read behind names of any kind', (t) => {
  for (const name of ['etcd', 'a b', 'x) S 1 (y', ')'])
    t.is(parseStartTime(stat(name, 'S')), '98765', name);
});

test('a zombie has no start time, as it does not run', (t) => {
  t.is(parseStartTime(stat('etcd', 'Z')), undefined);
});

test('a process is the same as its record says', async (t) => {
  t.true(await isSame(await self()));
});

test('a process that has got the id of another is not taken for it', async (t) => {
  t.false(await isSame({ ...(await self()), startTime: '1' }));
});

test('a record of an earlier run of the machine means nothing', async (t) => {
  t.false(await isSame({ ...(await self()), boot: 'earlier' }));
});

test('half a record is none', (t) => {
  t.is(parseRecord('{"pid":4'), undefined);
  t.is(parseRecord(''), undefined);
  t.is(parseRecord('{"pid":4,"startTime":"1","boot":"b"}')?.pid, 4);
});

test('a process that nobody recorded is known by its environment', (t) => {
  t.is(markOf('PATH=/bin\0SELVEDGE_PROCESS=node-1-kubelet\0HOME=/\0'), 'node-1-kubelet');
  t.is(markOf('PATH=/bin\0NOT_SELVEDGE_PROCESS=etcd\0'), undefined);
  t.is(markOf(''), undefined);
});
