import test from 'ava';

import {
  isOlder,
  perFileSystem,
  problems,
  type Facts,
} from '../../../../scripts/cluster/machine/preflight.ts';

const fine: Facts = {
  root: true,
  linux: true,
  apt: true,
  missingPrograms: [],
  missingPackages: ['haproxy'],
  toBuild: [],
  online: undefined,
  memory: 24 * 2 ** 30,
  disks: [{ path: '/', free: 60 * 2 ** 30, needed: 20 * 2 ** 30 }],
  go: 'go1.26.8',
  deadControllers: [],
  takenPorts: [],
  takenRanges: [],
  otherCluster: undefined,
};

test('a machine that has everything has no problem, even if packages are to be installed', (t) => {
  t.deepEqual(problems(fine), []);
});

const full = { path: '/cache', free: 2 ** 30, needed: 16 * 2 ** 30 };

const cases: [string, Partial<Facts>, RegExp][] = [
  ['another system', { linux: false }, /needs Linux/],
  ['no root', { root: false }, /needs root/],
  ['no apt', { apt: false }, /apt-get is not here to install haproxy/],
  ['no Go', { missingPrograms: ['go'] }, /Not found on the PATH: go/],
  ['little memory', { memory: 4 * 2 ** 30 }, /has 4\.0 GiB of memory; 8 GiB are needed/],
  [
    'a full disk',
    { disks: [full, { path: '/state', free: 9 * 2 ** 30, needed: 5 * 2 ** 30 }] },
    /^There are 1\.0 GiB free at \/cache; 16\.0 GiB are needed\.$/,
  ],
  ['an old Go', { go: 'go1.19.8', toBuild: ['etcd'] }, /go1\.19\.8 is here; .* need Go 1\.25/],
  [
    'no control groups',
    { deadControllers: ['cpu', 'pids'] },
    /No control group .* cpu, pids under/,
  ],
  [
    'addresses in use',
    { takenRanges: ['10.90.0.0/16 (br0)'] },
    /in use on .*: 10\.90\.0\.0\/16 \(br0\)/,
  ],
  ['ports in use', { takenPorts: ['5000', '6443'] }, /Port 5000, 6443 is in use by another/],
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
  t.is(problems({ ...fine, root: false, disks: [full] }).length, 2);
});

test('warm caches need no Go, however old', (t) => {
  t.deepEqual(problems({ ...fine, go: 'go1.19.8', toBuild: [] }), []);
});

test('a Go since 1.21 fetches the version it lacks by itself', (t) => {
  const old = ['go1.19.8', 'go1.20.14', 'go1.24.1', 'go1.25.0', 'go2.0'];
  t.deepEqual(
    old.map((version) => isOlder(version, [1, 25])),
    [true, true, false, false, false],
  );
});

test('what is written to one file system adds up, what is written to another does not', (t) => {
  const disk = (dev: number, path: string, needed: number) => ({ dev, path, free: 7, needed });
  t.deepEqual(perFileSystem([disk(1, '/a', 2), disk(2, '/b', 3), disk(1, '/c', 4)]), [
    { path: '/a', free: 7, needed: 6 },
    { path: '/b', free: 7, needed: 3 },
  ]);
});
