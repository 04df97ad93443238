import test from 'ava';
import { stand, type Done } from '../../../functions/failover/conditions.ts';
import type { Outcome } from '../../../functions/failover/record.ts';
import { apiVersion, kind, type FabricNetwork } from '../../../functions/lib/network.ts';
import { node, pod, silent } from './checks/nodes.ts';
import { Cluster, namespace, own } from './cluster.ts';

const target = { kind: 'node', name: 'node-3', uid: 'uid-node-3' } as const;
const told = { check: 'a-check', target, reason: 'it is so' };
const done = (action: 'fence-node' | 'take-back', outcome: Outcome, minute: number): Done => ({
  action: {
    ...told,
    action,
    node: action === 'take-back' ? node(3) : silent(3, 20, { bound: [pod] }),
  },
  ...{ outcome, message: `${action} ${outcome}`, now: new Date(Date.UTC(2026, 0, 1, 0, minute)) },
});

const found = async ({ kubernetes }: Cluster, name = 'supply') => {
  const network = await kubernetes.get<FabricNetwork>({ apiVersion, kind, namespace, name });
  return network?.status?.conditions?.map(
    ({ type, status, reason, message, lastTransitionTime }) =>
      `${type} ${status} ${reason} since ${lastTransitionTime.slice(14, 16)}: ${message}`,
  );
};

const table: Record<string, [Done[], string[] | undefined]> = {
  'a fence stands': [
    [done('fence-node', 'succeeded', 1)],
    ['Failover True NodeFenced since 01: node-3: fence-node succeeded'],
  ],
  'one that could not be confirmed does as well, since it began': [
    [done('fence-node', 'failed', 1), done('fence-node', 'failed', 2)],
    ['Failover True NodeNotFenced since 01: node-3: fence-node failed'],
  ],
  'until the node is taken back': [
    [done('fence-node', 'succeeded', 1), done('take-back', 'succeeded', 5)],
    ['Failover False NodeBack since 05: node-3: take-back succeeded'],
  ],
  'and not while that fails': [
    [done('fence-node', 'succeeded', 1), done('take-back', 'failed', 5)],
    ['Failover True NodeNotTakenBack since 01: node-3: take-back failed'],
  ],
  'a network that nothing happened to says nothing': [
    [done('take-back', 'succeeded', 5)],
    undefined,
  ],
};

for (const [title, [all, stands]] of Object.entries(table)) {
  test(title, async (t) => {
    const cluster = await Cluster.make();
    const { kubernetes } = cluster;
    // The one in memory knows no field managers: what is written is all there is.
    const applyStatus = kubernetes.applyStatus.bind(kubernetes);
    kubernetes.applyStatus = (object) => {
      const { status } = object as unknown as FabricNetwork;
      return applyStatus({ ...object, status: { ...status, namespace: own } });
    };
    for (const one of all) await stand(kubernetes, namespace, one);
    t.deepEqual(await found(cluster), stands);
  });
}

test('a network without pods on the node is not concerned', async (t) => {
  const cluster = await Cluster.make();
  const other = { apiVersion, kind, metadata: { name: 'other', namespace }, spec: {} };
  await cluster.kubernetes.create(other);
  await cluster.kubernetes.applyStatus({ ...other, status: { namespace: 'selvedge-net-other' } });
  await stand(cluster.kubernetes, namespace, done('fence-node', 'succeeded', 1));
  t.is(await found(cluster, 'other'), undefined);
});
