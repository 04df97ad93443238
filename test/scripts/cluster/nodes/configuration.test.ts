import test from 'ava';

import {
  containerdConfig,
  keeperConfig,
  podNetworkConfig,
} from '../../../../scripts/cluster/nodes/containerd.ts';
import { forwardConfig } from '../../../../scripts/cluster/nodes/forward.ts';
import { kubeletConfig } from '../../../../scripts/cluster/nodes/node.ts';
import { subjects } from '../../../../scripts/cluster/nodes/pki.ts';
import { nodes } from '../../../../scripts/cluster/settings.ts';

const [first] = nodes;

test('the gateway is forwarded from the loopback address alone, to every node', (t) => {
  const config = forwardConfig();
  t.deepEqual(config.match(/bind .*/g), ['bind 127.0.0.1:8480']);
  for (const { address } of nodes) t.true(config.includes(`${address}:30480 check`));
});

test('the API server answers to its Service, its address and its names', (t) => {
  const hosts = subjects()['apiserver']?.hosts ?? [];
  for (const host of ['10.96.0.1', '10.89.0.1', 'kubernetes.default.svc.cluster.local'])
    t.true(hosts.includes(host), host);
});

test('a node is known to the API server as a node, and by no other rights', (t) => {
  const { name, group } = subjects()['node-1'] ?? {};
  t.deepEqual([name, group], ['system:node:node-1', 'system:nodes']);
});

test('no client but the administrator and the API server itself is a master', (t) => {
  const masters = Object.entries(subjects()).filter(([, { group }]) => group === 'system:masters');
  t.deepEqual(
    masters.map(([file]) => file),
    ['apiserver-kubelet', 'admin'],
  );
});

test('sandboxes need no capability that root may lack', (t) => {
  t.regex(containerdConfig(first!, '/data', 'pause'), /restrict_oom_score_adj = true/);
});

test('all of a node’s runtime state is apart from other runtimes of the machine', (t) => {
  const config = containerdConfig(first!, '/data', 'pause');
  for (const path of [
    '/data/containerd',
    '/run/selvedge/node-1/containerd',
    '/run/selvedge/node-1/runc',
  ])
    t.true(config.includes(`"${path}"`), path);
});

test('what is kept of a node is looked at where it runs, by a runtime that takes up nothing', (t) => {
  const [keeper, running] = [
    keeperConfig(first!, '/data'),
    containerdConfig(first!, '/data', 'pause'),
  ];
  const cri = 'io.containerd.grpc.v1.cri';
  t.regex(keeper, new RegExp(`disabled_plugins = .*${cri}`));
  t.notRegex(running, new RegExp(`disabled_plugins = .*${cri}`));
  for (const line of ['root = "/data/containerd"', `address = "/run/selvedge/node-1/`])
    for (const config of [keeper, running]) t.true(config.includes(line), line);
});

test('pods get addresses of their node’s range, and nothing is translated', (t) => {
  const config = podNetworkConfig(first!, '/data');
  t.true(config.includes('10.90.1.0/24'));
  t.true(config.includes('"ipMasq": false'));
});

test('the kubelet keeps to its own control group and answers only whom it knows', (t) => {
  const config = kubeletConfig(first!, '/data') as Record<string, unknown>;
  t.is(config['cgroupRoot'], '/selvedge/node-1');
  t.like(config['authentication'], { anonymous: { enabled: false } });
  t.like(config['authorization'], { mode: 'Webhook' });
});
