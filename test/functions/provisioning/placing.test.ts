/** What a network's orderers are placed by, as passes come and go. */
import test from 'ava';
import { refOf } from '../../../functions/lib/kubernetes/client.ts';
import type { FabricNetwork } from '../../../functions/lib/network.ts';
import type { NetworkStatus } from '../../../functions/lib/network/status.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { createWorld, id, networkOf, own, statusOf, type World } from './world.ts';

const placed = [
  { organization: 'farm', orderers: 2 },
  { organization: 'shop', orderers: 1 },
];

/** Changes what Kubernetes' own schema would not let pass today. */
async function edit(world: World, change: (spec: FabricNetwork['spec']) => void): Promise<void> {
  const { apiVersion, kind, spec } = await networkOf(world);
  change(spec);
  const ref = { apiVersion, kind, namespace: id.namespace, name: id.network };
  await world.kubernetes.merge(ref, { spec });
}

const reverse = (world: World): Promise<void> =>
  edit(world, ({ organizations }) => organizations.reverse());

/** Takes something out of the status, or all of it. */
async function forget(world: World, ...fields: (keyof NetworkStatus)[]): Promise<void> {
  const network = await networkOf(world);
  const left = Object.entries(network.status ?? {}).filter(
    ([field]) => fields.length > 0 && !fields.includes(field as keyof NetworkStatus),
  );
  await world.kubernetes.applyStatus({ ...network, status: Object.fromEntries(left) });
}

const orderers = ({ kubernetes }: World): string[] =>
  kubernetes
    .all('Pod')
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.includes('-orderer-'))
    .sort();

const three = ['farm-orderer-0', 'farm-orderer-1', 'shop-orderer-0'];

test('where orderers are is kept before anything is made by it', async (t) => {
  const world = await createWorld();
  const { onChange } = world.kubernetes;
  const early: string[] = [];
  world.kubernetes.onChange = (object) => {
    const isOwn = object.metadata.namespace === own || object.kind === 'Namespace';
    const network = world.kubernetes.all('FabricNetwork')[0] as FabricNetwork;
    if (isOwn && !network.status?.placement) early.push(object.metadata.name);
    onChange(object);
  };
  await reconcile(world.clients, id);
  t.deepEqual(early, []);
  t.deepEqual((await statusOf(world)).placement, placed);
});

test('orderers stay where they are when organizations change places', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await reverse(world);
  await reconcile(world.clients, id);
  t.deepEqual(orderers(world), three);
  const { phase, placement } = await statusOf(world);
  t.is(phase, 'Ready');
  t.deepEqual(placement, placed);
});

test('a pass that ended right after it was kept is followed by one that reads the same', async (t) => {
  const world = await createWorld();
  const { clients, kubernetes } = world;
  let hasEnded = false;
  const dies = new Proxy(kubernetes, {
    get: (target, name) => {
      const call: unknown = Reflect.get(target, name);
      if (typeof call !== 'function') return call;
      return (...args: { kind?: string }[]): unknown => {
        if (name === 'create' && args[0]?.kind === 'Namespace') hasEnded = true;
        return hasEnded ? Promise.reject(new Error('it has ended')) : call.apply(target, args);
      };
    },
  });
  await t.throwsAsync(reconcile({ ...clients, kubernetes: dies }, id));
  t.deepEqual(orderers(world), []);
  await reverse(world);
  await kubernetes.remove(refOf(kubernetes.all('Lease')[0]!));
  await reconcile(clients, id);
  t.deepEqual(orderers(world), three);
});

const losses: Record<string, (world: World) => Promise<unknown>> = {
  'the channel knows': (world) => forget(world),
  'the StatefulSets are there': (world) => {
    world.secrets.clear();
    return forget(world);
  },
  'it was made before that was kept': (world) => forget(world, 'placement'),
};
for (const [sentence, lose] of Object.entries(losses)) {
  test(`orderers of a network whose status lost it stay where they are: ${sentence}`, async (t) => {
    const world = await createWorld();
    await reconcile(world.clients, id);
    await lose(world);
    await reverse(world);
    // The rest of the pass may lack what else was lost.
    await reconcile(world.clients, id, AbortSignal.timeout(300)).catch(() => undefined);
    t.deepEqual(orderers(world), three);
    // In the order of the spec, where it was put together anew.
    t.deepEqual((await statusOf(world)).placement, placed.toReversed());
  });
}

test('a network that works is not told to be worse while that is added to its status', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await forget(world, 'placement');
  const phases = new Set<string>();
  world.kubernetes.onChange = ({ kind, status }) => {
    if (kind === 'FabricNetwork') phases.add((status as NetworkStatus).phase ?? '');
  };
  await reconcile(world.clients, id);
  t.deepEqual([...phases], ['Ready']);
  t.deepEqual((await statusOf(world)).placement, placed);
});

test('a namespace of an earlier network of the name tells nothing', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await forget(world);
  const labels = { 'selvedge.dev/network-uid': 'another' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', name: own };
  await world.kubernetes.merge(namespace, { metadata: { labels } });
  await reverse(world);
  await reconcile(world.clients, id);
  const { placement, condition } = await statusOf(world);
  t.is(condition('Namespace')?.reason, 'NamespaceTaken');
  t.deepEqual(placement, [
    { organization: 'shop', orderers: 2 },
    { organization: 'farm', orderers: 1 },
  ]);
});

test('a spec that asks for other orderers is refused with its reason, and all stays as it is', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await edit(world, ({ consensus }) => (consensus.orderers = 5));
  await reconcile(world.clients, id);
  const { phase, condition, placement } = await statusOf(world);
  t.is(phase, 'Degraded');
  t.like(condition('Ready'), { status: 'False', reason: 'PlacementFixed' });
  t.deepEqual(placement, placed);
  t.deepEqual(orderers(world), three);
});
