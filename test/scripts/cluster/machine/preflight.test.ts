import test from 'ava';

import { problems, type Facts } from '../../../../scripts/cluster/machine/preflight.ts';

const fine: Facts = {
  root: true,
  linux: true,
  apt: true,
  missingPrograms: [],
  missingPackages: ['haproxy'],
  toBuild: [],
  online: undefined,
  memory: 24 * 2 ** 30,
  freeDisk: 60 * 2 ** 30,
  controlGroups: true,
  gatewayPortFree: true,
  otherCluster: undefined,
};

test('a machine that has everything has no problem, even if packages are to be installed', (t) => {
  t.deepEqual(problems(fine), []);
});

const cases: [string, Partial<Facts>, RegExp][] = [
  ['another system', { linux: false }, /needs Linux/],
  ['no root', { root: false }, /needs root/],
  ['no apt', { apt: false }, /apt-get is not here to install haproxy/],
  ['no Go', { missingPrograms: ['go'] }, /Not found on the PATH: go/],
  ['little memory', { memory: 4 * 2 ** 30 }, /has 4\.0 GiB of memory; 8 GiB are needed/],
  ['a full disk', { freeDisk: 2 ** 30 }, /1\.0 GiB free on the disk; 20 GiB are needed/],
  ['no control groups', { controlGroups: false }, /No control groups/],
  ['a port in use', { gatewayPortFree: false }, /Port 8480 on 127\.0\.0\.1 is in use/],
  ['no network', { toBuild: ['etcd'], online: false }, /does not answer, and etcd must be built/],
  ['another cluster', { otherCluster: 'The cluster of /x runs.' }, /^The cluster of \/x runs\.$/],
];

for (const [name, facts, said] of cases) {
  test(`${name} is said in one sentence`, (t) => {
    const [problem = '', ...more] = problems({ ...fine, ...facts });
    t.regex(problem, said);
    t.false(problem.includes('\n'));
    t.deepEqual(more, []);
  });
}

test('8 GiB of memory are enough, of which the kernel keeps some', (t) => {
  t.deepEqual(problems({ ...fine, memory: 7.7 * 2 ** 30 }), []);
});

test('several problems are all said', (t) => {
  t.is(problems({ ...fine, root: false, freeDisk: 0 }).length, 2);
});
