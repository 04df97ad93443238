import test from 'ava';

import { parseHierarchies } from '../../../../scripts/cluster/machine/cgroups.ts';

const first =
  'cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0';

test('version 1 has a hierarchy for each controller', (t) => {
  const { version, roots } = parseHierarchies(`proc /proc proc rw 0 0\n${first}\n`);
  t.is(version, 1);
  t.deepEqual(roots, ['/sys/fs/cgroup/pids', '/sys/fs/cgroup/cpu']);
});

test('version 2 beside version 1 limits nothing, but is looked at for what runtimes made there', (t) => {
  const { version, roots, all } = parseHierarchies(
    `${first}\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`,
  );
  t.is(version, 1);
  t.false(roots.includes('/sys/fs/cgroup/unified'));
  t.true(all.includes('/sys/fs/cgroup/unified'));
});

test('version 2 alone has one hierarchy', (t) => {
  t.deepEqual(parseHierarchies('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n'), {
    version: 2,
    roots: ['/sys/fs/cgroup'],
    all: ['/sys/fs/cgroup'],
  });
});
