import test from 'ava';
import { createNodeLook } from '../../../../functions/failover/nodes/look.ts';
import { outOfService } from '../../../../functions/failover/nodes/taint.ts';
import { volume } from '../checks/nodes.ts';
import { Cluster, own } from '../cluster.ts';

async function looking() {
  const cluster = await Cluster.make();
  let seconds = 0;
  const look = createNodeLook({ ...cluster.sources, now: () => seconds });
  return { cluster, look, later: (more: number) => (seconds += more) };
}

test('nodes that are well are seen without a look at networks', async (t) => {
  const { cluster, look } = await looking();
  cluster.kubernetes.objects.delete(
    '/apis/selvedge.dev/v1alpha1/namespaces/selvedge/fabricnetworks/supply',
  );
  const [first] = await look(undefined);
  t.like(first, {
    ...{ kind: 'node', name: 'node-1', addresses: ['10.0.0.1'], ready: true, outBy: undefined },
    ...{ answers: true, kubeletFor: 0, unrenewedFor: 0, renews: false, bound: [] },
  });
});

test('a node that Kubernetes has given up is known as such', async (t) => {
  const { cluster, look } = await looking();
  const conditions = [{ type: 'Ready', status: 'Unknown' }];
  const ref = { apiVersion: 'v1', kind: 'Node', name: 'node-3' };
  await cluster.kubernetes.merge(ref, { status: { conditions } });
  t.deepEqual(
    (await look(undefined)).map(({ ready }) => ready),
    [true, true, undefined],
  );
});

test('silence is counted from look to look, and so is a Lease that is not renewed', async (t) => {
  const { cluster, look, later } = await looking();
  await look(undefined);
  cluster.silent.add(3);
  for (const n of [1, 2]) await cluster.renew(n, 'second');
  for (const _ of [1, 2, 3, 4]) {
    later(4);
    await look(undefined);
  }
  const [first, , third] = await look(undefined);
  t.like(first, { answers: true, kubeletFor: 16, unrenewedFor: 12, renews: true });
  t.like(third, { answers: false, kubeletFor: 12, unrenewedFor: 16, renews: false });
});

test('while a node is silent it is seen what is bound to it', async (t) => {
  const { cluster, look } = await looking();
  cluster.silent.add(3);
  const nodes = await look(undefined);
  t.deepEqual(
    nodes.map(({ bound, strays }) => [bound.map(({ name }) => name), strays]),
    [1, 2, 3].map((n) => [[`farm-peer-${n}`], undefined]),
  );
});

test('of a node that is out, what still runs there of networks is counted, and of others not', async (t) => {
  const { cluster, look } = await looking();
  await cluster.taint(3, [outOfService]);
  const [known] = cluster.kubernetes
    .all('Pod')
    .filter(({ metadata }) => metadata.name === 'farm-peer-3');
  cluster.running.set(3, [
    { namespace: own, name: 'farm-peer-3', uid: known!.metadata.uid! },
    { namespace: own, name: 'farm-peer-0', uid: 'old' },
    { namespace: 'kube-system', name: 'coredns', uid: 'other' },
  ]);
  const [, , third] = await look(undefined);
  t.like(third, { outBy: 'failover', strays: 1 });
});

test('the same of one that only the volume still keeps out', async (t) => {
  const { cluster, look } = await looking();
  cluster.running.set(3, []);
  const [, second, third] = await look(volume(['10.0.0.3']));
  t.is(second?.strays, undefined);
  t.is(third?.strays, 0);
});

test('a kubelet that does not tell what it runs leaves that open', async (t) => {
  const { cluster, look } = await looking();
  await cluster.taint(3, [outOfService]);
  const [, , third] = await look(undefined);
  t.is(third?.strays, undefined);
});
