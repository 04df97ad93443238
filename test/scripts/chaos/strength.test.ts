import test from 'ava';
import type { FabricNetwork } from '../../../functions/lib/network.ts';
import { lacking, type Seen, type Workload } from '../../../scripts/chaos/strength.ts';
import type { Node, Pod } from '../../../scripts/chaos/world.ts';
import { supplySpec } from '../../fakes/supply.ts';

const own = 'selvedge-net-supply';
const ready = (is: boolean) => ({ conditions: [{ type: 'Ready', status: is ? 'True' : 'False' }] });
const node = (name: string, is = true): Node => ({
  ...{ apiVersion: 'v1', kind: 'Node', metadata: { name }, status: ready(is) },
});
interface PodOptions {
  namespace?: string;
  labels?: Record<string, string>;
  on?: string;
  is?: boolean;
}
const pod = (name: string, { namespace = own, labels = {}, on = 'a', is = true }: PodOptions) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels } },
  ...{ spec: { nodeName: on }, status: ready(is) },
});
const set = (
  name: string,
  replicas: number,
  more: Partial<Workload['metadata']> = {},
): Workload => ({
  ...{ apiVersion: 'apps/v1', kind: 'StatefulSet' },
  metadata: { name, namespace: 'selvedge-storage', ...more },
  spec: { replicas, selector: { matchLabels: { app: name } } },
});
const etcd = (more: PodOptions = {}): Pod =>
  pod('etcd-0', { namespace: 'selvedge-storage', labels: { app: 'etcd' }, ...more });
const peer = (more: PodOptions = {}): Pod =>
  pod('farm-peer-0', {
    labels: { 'selvedge.dev/component': 'peer', 'selvedge.dev/organization': 'farm' },
    ...more,
  });
const chaincode = (more: PodOptions = {}): Pod =>
  pod('anchor', {
    labels: { 'selvedge.dev/peer': 'farm-peer-0', 'selvedge.dev/chaincode': 'anchor' },
    ...more,
  });
const network: FabricNetwork = {
  ...{ apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork' },
  ...{ metadata: { name: 'supply', namespace: 'selvedge' }, spec: supplySpec() },
  status: { namespace: own },
};
const sleeping = { labels: { 'serving.knative.dev/service': 'failover' }, namespace: 'selvedge' };

const table: Record<string, { seen: Partial<Seen>; lacks: string[] }> = {
  'a member that is ready': { seen: { workloads: [set('etcd', 1)], pods: [etcd()] }, lacks: [] },
  'one too few': { seen: { workloads: [set('etcd', 2)], pods: [etcd()] }, lacks: ['etcd 1/2'] },
  'one that is not ready': {
    seen: { workloads: [set('etcd', 1)], pods: [etcd({ is: false })] },
    lacks: ['etcd 0/1'],
  },
  'one on a node that is not': {
    seen: { workloads: [set('etcd', 1)], pods: [etcd({ on: 'b' })], nodes: [node('b', false)] },
    lacks: ['etcd 0/1'],
  },
  'one on a node that nobody knows': {
    seen: { workloads: [set('etcd', 1)], pods: [etcd({ on: 'c' })] },
    lacks: ['etcd 0/1'],
  },
  'one of the same name elsewhere': {
    seen: { workloads: [set('etcd', 1)], pods: [etcd({ namespace: 'other' })] },
    lacks: ['etcd 0/1'],
  },
  'what is not ours': {
    seen: { workloads: [set('shop', 3, { namespace: 'shop' })], pods: [] },
    lacks: [],
  },
  'a server of the volumes of ledgers': {
    seen: { workloads: [set('glusterfs', 3, { namespace: 'selvedge-volumes' })] },
    lacks: ['glusterfs 0/3'],
  },
  'a function that sleeps': { seen: { workloads: [set('failover', 0, sleeping)] }, lacks: [] },
  'one that should be awake': {
    seen: { workloads: [set('failover', 3, sleeping)] },
    lacks: ['failover 0/1'],
  },
  'a workload of a network': {
    seen: { networks: [network], workloads: [set('farm-peer', 1, { namespace: own })] },
    lacks: ['farm-peer 0/1'],
  },
  'a peer with its chaincode': {
    seen: { networks: [network], pods: [peer(), chaincode()] },
    lacks: [],
  },
  'a peer without': {
    seen: { networks: [network], pods: [peer()] },
    lacks: ['anchor beside farm-peer-0'],
  },
  'a peer with its chaincode on another node': {
    seen: { networks: [network], pods: [peer(), chaincode({ on: 'b' })], nodes: [node('b')] },
    lacks: ['anchor beside farm-peer-0'],
  },
};

for (const [title, { seen, lacks }] of Object.entries(table)) {
  test(`strength: ${title}`, (t) => {
    const all = { pods: [], workloads: [], networks: [], ...seen };
    t.deepEqual(lacking({ ...all, nodes: [node('a'), ...(seen.nodes ?? [])] }), lacks);
  });
}

test('what is known to be away does not count, though the API calls it ready', (t) => {
  const seen = { nodes: [node('a')], pods: [etcd()], workloads: [set('etcd', 1)], networks: [] };
  t.deepEqual(
    lacking(seen, ({ spec }) => spec?.nodeName === 'a'),
    ['etcd 0/1'],
  );
});

test('what is on its way out does not count', (t) => {
  const leaving = etcd();
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  const seen = { nodes: [node('a')], pods: [leaving], workloads: [set('etcd', 1)], networks: [] };
  t.deepEqual(lacking(seen), ['etcd 0/1']);
});
