import test from 'ava';

import { taken } from '../../../../scripts/cluster/machine/ranges.ts';

const ranges = ['10.89.0.1/24', '10.90.0.0/16', '10.96.0.0/16'];

const cases: [string, { dst: string; dev?: string }, string[]][] = [
  ['the way out', { dst: 'default', dev: 'eth0' }, []],
  ['a neighbour', { dst: '10.88.0.0/16', dev: 'podman0' }, []],
  ['our own bridge', { dst: '10.90.1.0/24', dev: 'selvedge0' }, []],
  ['the very range', { dst: '10.89.0.0/24', dev: 'podman1' }, ['10.89.0.0/24 (podman1)']],
  ['a range around it', { dst: '10.0.0.0/8', dev: 'wg0' }, ['10.0.0.0/8 (wg0)']],
  ['a range within it', { dst: '10.96.7.0/24', dev: 'cni0' }, ['10.96.7.0/24 (cni0)']],
  ['an address in it', { dst: '10.90.200.9', dev: 'tun0' }, ['10.90.200.9 (tun0)']],
  ['a hole', { dst: '10.90.0.0/16' }, ['10.90.0.0/16 (no device)']],
  ['another protocol', { dst: 'fe80::/64', dev: 'eth0' }, []],
];

for (const [what, route, wanted] of cases) {
  test(`${what} is ${wanted.length > 0 ? '' : 'not '}in the way`, (t) => {
    t.deepEqual(taken([route], ranges), wanted);
  });
}

test('what is in the way twice is said once', (t) => {
  const route = { dst: '10.90.0.0/16', dev: 'br0' };
  t.deepEqual(taken([route, route], ranges), ['10.90.0.0/16 (br0)']);
});
