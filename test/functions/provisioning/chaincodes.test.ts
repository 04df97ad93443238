import test from 'ava';
import { labels, type FabricNetwork } from '../../../functions/lib/network.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { createWorld, id, statusOf, supply, type World } from './world.ts';

const ref = { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', namespace: id.namespace };
type Chaincodes = NonNullable<FabricNetwork['spec']['channels'][number]['chaincodes']>;
const trade = { name: 'trade', source: { configMap: 'trade' }, version: '1' };

const withTrade = (more: Chaincodes = [trade]): FabricNetwork => {
  const network = supply();
  network.spec.channels[0]!.chaincodes!.push(...more);
  return network;
};

async function worldWith(network: FabricNetwork, source = '1'): Promise<World> {
  const world = await createWorld(network);
  await edit(world, source);
  return world;
}

/** Writes the ConfigMap that `trade` comes from, beside the network's resource. */
async function edit({ kubernetes }: World, source: string): Promise<void> {
  const metadata = { name: 'trade', namespace: id.namespace };
  const data = { 'index.js': source };
  await kubernetes.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as Parameters<
    typeof kubernetes.apply
  >[0]);
}

async function respec({ kubernetes }: World, network: FabricNetwork): Promise<void> {
  await kubernetes.merge({ ...ref, name: id.network }, { spec: network.spec });
}

async function seen(world: World) {
  const { condition, ...status } = await statusOf(world);
  return { ...status, condition: (type: string) => condition(type)! };
}

const lifecycle = ({ fabric }: World): string[] =>
  fabric.changes.filter((change) => /^(install|approve|withdraw|commit) /.test(change));

/** `trade` exits beside every peer. */
function crashes(world: World): void {
  const { onRunning } = world.fabric;
  world.fabric.onRunning = (host, chaincode, packageId) => {
    onRunning(host, chaincode, packageId);
    for (const pod of world.kubernetes.all('Pod')) {
      if (pod.metadata.labels?.[labels.chaincode] !== 'trade') continue;
      const terminated = { exitCode: 3, reason: 'Error', message: 'Cannot find module x' };
      const state = { waiting: { reason: 'CrashLoopBackOff' } };
      const containerStatuses = [{ restartCount: 2, state, lastState: { terminated } }];
      void world.kubernetes.applyStatus({ ...pod, status: { containerStatuses } });
    }
  };
}

test('a chaincode that exits is said with its cause, and keeps nobody waiting', async (t) => {
  const world = await worldWith(withTrade());
  crashes(world);
  const began = performance.now();
  await reconcile(world.clients, id);
  t.true(performance.now() - began < 10_000, 'the pass waited for what never comes');
  const { phase, condition } = await seen(world);
  t.is(phase, 'Degraded');
  t.like(condition('Chaincodes'), { status: 'False', reason: 'ChaincodeFailed' });
  t.regex(
    condition('Chaincodes').message,
    /trade beside .* \(.*exit code 3: Cannot find module x\)/,
  );
  t.is(condition('Anchor').status, 'True');
  t.is(condition('Endpoints').status, 'True');
});

test('a chaincode without a source keeps no other from being deployed', async (t) => {
  const other = {
    name: 'other',
    image: `registry.example/x@sha256:${'0'.repeat(64)}`,
    version: '1',
  };
  const world = await createWorld(withTrade([trade, other]));
  await reconcile(world.clients, id);
  t.true(lifecycle(world).includes('commit other 1'));
  const { condition, phase } = await seen(world);
  t.is(phase, 'Degraded');
  t.regex(condition('Chaincodes').message, /^trade: .*the ConfigMap trade is missing or empty/);
});

test('an edited source changes nothing until the version changes, and that is said', async (t) => {
  const world = await worldWith(withTrade());
  await reconcile(world.clients, id);
  const before = lifecycle(world);
  await edit(world, '2');
  await reconcile(world.clients, id);
  t.deepEqual(lifecycle(world), before);
  const { phase, condition } = await seen(world);
  t.is(phase, 'Ready');
  t.regex(condition('Chaincodes').message, /trade: its source has changed since version 1/);
  await respec(world, withTrade([{ ...trade, version: '2' }]));
  await reconcile(world.clients, id);
  t.true(lifecycle(world).includes('commit trade 2'));
  t.is((await seen(world)).condition('Chaincodes').message, '');
});

test('a new version without new content is said, in every pass', async (t) => {
  const world = await worldWith(withTrade());
  await reconcile(world.clients, id);
  await respec(world, withTrade([{ ...trade, version: '2' }]));
  for (const pass of [1, 2]) {
    await reconcile(world.clients, id);
    const { phase, condition } = await seen(world);
    t.is(phase, 'Ready', `pass ${pass}`);
    t.regex(condition('Chaincodes').message, /version 2 has the content of the version before/);
  }
});

test('a peer that comes later gets the package that the others run, not the edited source', async (t) => {
  const world = await worldWith(withTrade());
  await reconcile(world.clients, id);
  await edit(world, '2');
  const larger = withTrade();
  larger.spec.organizations[0]!.peers = 3;
  await respec(world, larger);
  await reconcile(world.clients, id);
  const packages = [...world.fabric.peers.values()].map((peer) => [...peer.packages.keys()].sort());
  t.is(packages.length, 5);
  for (const one of packages) t.deepEqual(one, packages[0]);
});

test('a chaincode that left the spec runs nowhere, and is not launched again', async (t) => {
  const world = await worldWith(withTrade());
  await reconcile(world.clients, id);
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'supply-farm-peer-0-trade',
      namespace: world.kubernetes.all('Pod')[0]!.metadata.namespace!,
      labels: {
        [labels.network]: id.network,
        [labels.component]: 'chaincode',
        [labels.chaincode]: 'trade',
      },
    },
  };
  await world.kubernetes.create(deployment);
  await respec(world, supply());
  await reconcile(world.clients, id);
  const withdrawn = lifecycle(world).filter((change) => change.startsWith('withdraw'));
  t.deepEqual(withdrawn.sort(), ['withdraw FarmMSP trade 1', 'withdraw ShopMSP trade 1']);
  t.deepEqual(world.kubernetes.all('Deployment'), []);
  const { length } = lifecycle(world);
  await reconcile(world.clients, id);
  t.is(lifecycle(world).length, length);
  await respec(world, withTrade());
  await reconcile(world.clients, id);
  t.deepEqual(lifecycle(world).slice(length).sort(), [
    'approve FarmMSP trade 1',
    'approve ShopMSP trade 1',
  ]);
  t.is((await seen(world)).phase, 'Ready');
});

test('the sequence is the highest that any peer knows', async (t) => {
  const world = await worldWith(withTrade());
  await reconcile(world.clients, id);
  const { connectPeer } = world.fabric;
  world.fabric.connectPeer = (endpoint) => {
    const peer = connectPeer(endpoint);
    if (!endpoint.hostname.includes('farm-peer-0')) return peer;
    return { ...peer, queryCommitted: () => Promise.resolve(undefined) };
  };
  await respec(world, withTrade([{ ...trade, version: '2' }]));
  await reconcile(world.clients, id);
  t.true(lifecycle(world).includes('commit trade 2'));
});
