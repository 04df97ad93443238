import test from 'ava';
import { fenceNode } from '../../../../functions/failover/actions/fence-node.ts';
import { Unavailable } from '../../../../functions/lib/errors.ts';
import { silent } from '../checks/nodes.ts';
import { Cluster } from '../cluster.ts';

const lost = silent(3, 20);
const everyPod = ['farm-peer-1', 'farm-peer-2', 'farm-peer-3'];

test('a lost node is shut out of the volume, then taken out, and then its pods go', async (t) => {
  const cluster = await Cluster.make();
  // The server on the lost node is as silent as it.
  cluster.shut.delete('10.1.0.3');
  const { changes } = cluster.kubernetes;
  await cluster.addFunction('data-get-1', 1);
  await cluster.addFunction('data-get-3', 3);
  changes.length = 0;
  t.true(await fenceNode(cluster.sources, lost));
  t.deepEqual(cluster.asked, ['close 10.1.0.1 to 10.0.0.3', 'close 10.1.0.2 to 10.0.0.3']);
  t.deepEqual(changes, [
    'merge /api/v1/nodes/node-3',
    'remove /api/v1/namespaces/selvedge/pods/data-get-3',
    'remove /api/v1/namespaces/selvedge-net-supply/pods/farm-peer-3',
  ]);
  t.deepEqual(await cluster.taints(3), [
    { key: 'node.kubernetes.io/out-of-service', value: 'selvedge', effect: 'NoExecute' },
  ]);
  t.deepEqual(await cluster.pods(), ['farm-peer-1', 'farm-peer-2']);
});

test('the server on a node that still hears serves nobody any more either', async (t) => {
  const cluster = await Cluster.make();
  t.true(await fenceNode(cluster.sources, lost));
  t.deepEqual(cluster.asked.toSorted(), [
    'close 10.1.0.1 to 10.0.0.3',
    'close 10.1.0.2 to 10.0.0.3',
    'close 10.1.0.3 to 10.0.0.3',
  ]);
});

test('to do it again changes nothing', async (t) => {
  const cluster = await Cluster.make();
  await fenceNode(cluster.sources, lost);
  cluster.kubernetes.changes.length = 0;
  t.false(await fenceNode(cluster.sources, lost));
  t.deepEqual(cluster.kubernetes.changes, []);
});

const unconfirmed: Record<string, (cluster: Cluster) => void> = {
  'a server is silent': ({ shut }) => shut.delete('10.1.0.1'),
  'a server takes the order and does not say that it follows it': (cluster) => {
    cluster.deaf = '10.1.0.2';
  },
  'only the server on the node itself follows besides one': ({ shut }) => shut.delete('10.1.0.2'),
  'there are no servers where there should be': ({ kubernetes }) => {
    for (const path of kubernetes.objects.keys())
      if (path.includes('glusterfs')) kubernetes.objects.delete(path);
  },
};

for (const [title, change] of Object.entries(unconfirmed)) {
  test(`nothing moves if ${title}`, async (t) => {
    const cluster = await Cluster.make();
    change(cluster);
    const error = await t.throwsAsync(fenceNode(cluster.sources, lost), {
      instanceOf: Unavailable,
    });
    t.regex(error.message, /confirm that it is kept out$/);
    t.is(await cluster.taints(3), undefined);
    t.deepEqual(await cluster.pods(), everyPod);
  });
}

test('nothing moves of a node whose addresses are not known', async (t) => {
  const cluster = await Cluster.make();
  const unknown = { ...lost, addresses: [] };
  await t.throwsAsync(fenceNode(cluster.sources, unknown), { instanceOf: Unavailable });
  t.is(await cluster.taints(3), undefined);
});

test('where no volume can be used from two nodes there is nothing to shut', async (t) => {
  const cluster = await Cluster.make();
  t.true(await fenceNode({ ...cluster.sources, volumes: undefined }, lost));
  t.deepEqual(cluster.asked, []);
  t.is((await cluster.taints(3))?.length, 1);
});

test('other taints stay, and a person’s is as good as ours', async (t) => {
  const cluster = await Cluster.make();
  const theirs = { key: 'node.kubernetes.io/out-of-service', value: 'me', effect: 'NoExecute' };
  const taints = [{ key: 'gpu', effect: 'NoSchedule' }, theirs];
  await cluster.taint(3, taints);
  await fenceNode(cluster.sources, lost);
  t.deepEqual(await cluster.taints(3), taints);
  t.deepEqual(await cluster.pods(), ['farm-peer-1', 'farm-peer-2']);
});
