import test from 'ava';
import { fenceNode } from '../../../../functions/failover/actions/fence-node.ts';
import { takeBack } from '../../../../functions/failover/actions/take-back.ts';
import { Unavailable } from '../../../../functions/lib/errors.ts';
import { node, silent } from '../checks/nodes.ts';
import { Cluster } from '../cluster.ts';

async function fenced(): Promise<Cluster> {
  const cluster = await Cluster.make();
  await cluster.taint(3, [{ key: 'gpu', effect: 'NoSchedule' }]);
  await fenceNode(cluster.sources, silent(3, 20));
  cluster.asked.length = 0;
  return cluster;
}

test('a node is let in at the volume and then taken back, with the taints of others', async (t) => {
  const cluster = await fenced();
  t.true(await takeBack(cluster.sources, node(3)));
  t.deepEqual(
    cluster.asked,
    [1, 2, 3].map((n) => `open 10.1.0.${n} to 10.0.0.3`),
  );
  t.deepEqual(await cluster.taints(3), [{ key: 'gpu', effect: 'NoSchedule' }]);
  t.deepEqual(cluster.sent, ['dev.selvedge.network.resync.v1 supply']);
  t.false(await takeBack(cluster.sources, node(3)), 'and that is all');
  t.is(cluster.sent.length, 1);
});

test('a Broker that is away keeps no node out', async (t) => {
  const cluster = await fenced();
  const broker = { send: () => Promise.reject(new Unavailable('it does not answer')) };
  t.true(await takeBack({ ...cluster.sources, broker }, node(3)));
  t.is((await cluster.taints(3))?.length, 1);
});

test('a server that does not do it leaves the node out', async (t) => {
  const cluster = await fenced();
  const open = () => Promise.reject(new Unavailable('it does not'));
  const sources = { ...cluster.sources, keepers: { ...cluster.keepers, open } };
  await t.throwsAsync(takeBack(sources, node(3)), { instanceOf: Unavailable });
  t.is((await cluster.taints(3))?.length, 2);
});
