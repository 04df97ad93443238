/** What a network may lose, and what provisioning does about it. */
import test from 'ava';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { createWorld, id, statusOf, type World } from './world.ts';

type Secret = KubernetesObject & { data: Record<string, string> };
type ConfigMap = KubernetesObject & { binaryData: Record<string, string> };

const apiVersion = 'v1';
const ordererSecret = (world: World): Secret =>
  world.kubernetes
    .all('Secret')
    .find(({ metadata }) => metadata.name.endsWith('farm-orderer-identity')) as Secret;
const genesis = (world: World): ConfigMap =>
  world.kubernetes
    .all('ConfigMap')
    .find(({ metadata }) => metadata.name.startsWith('genesis-')) as ConfigMap;

async function readyWorld(): Promise<World> {
  const world = await createWorld();
  await reconcile(world.clients, id);
  return world;
}

async function lose({ kubernetes }: World, { kind, metadata }: KubernetesObject): Promise<void> {
  const { name, namespace = '' } = metadata;
  await kubernetes.remove({ apiVersion, kind, name, namespace });
}

function forgetIn({ secrets }: World, part: string): void {
  for (const path of [...secrets.keys()].filter((key) => key.includes(part))) secrets.delete(path);
}

test('the Secret of an organization’s orderers is restored as it was', async (t) => {
  const world = await readyWorld();
  const before = ordererSecret(world).data;
  await lose(world, ordererSecret(world));
  await reconcile(world.clients, id);
  t.deepEqual(ordererSecret(world).data, before);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('one key that was changed by hand is put back', async (t) => {
  const world = await readyWorld();
  const before = ordererSecret(world);
  await world.kubernetes.merge(
    {
      apiVersion,
      kind: 'Secret',
      name: before.metadata.name,
      namespace: before.metadata.namespace!,
    },
    { data: { ...before.data, '0-tls.key': Buffer.from('another').toString('base64') } },
  );
  await reconcile(world.clients, id);
  t.deepEqual(ordererSecret(world).data, before.data);
});

test('identities of a network made before they were kept are kept from now on', async (t) => {
  const world = await readyWorld();
  const before = ordererSecret(world).data;
  forgetIn(world, '/identities/');
  await reconcile(world.clients, id);
  await lose(world, ordererSecret(world));
  await reconcile(world.clients, id);
  t.deepEqual(ordererSecret(world).data, before);
});

test('an orderer’s identity that is lost everywhere is not made anew while a channel knows it', async (t) => {
  const world = await readyWorld();
  const before = ordererSecret(world).data;
  await lose(world, ordererSecret(world));
  forgetIn(world, 'farm-orderer-0');
  await reconcile(world.clients, id);
  const after = ordererSecret(world).data;
  t.is(after['0-tls.key'], undefined);
  t.is(after['1-tls.key'], before['1-tls.key']);
  const { phase, condition } = await statusOf(world);
  t.is(phase, 'Degraded');
  t.like(condition('Identities'), { status: 'False', reason: 'IdentityLost' });
  t.regex(condition('Identities')!.message, /farm-orderer-0 is neither .* restore the Secret/);
  t.like(condition('Endpoints'), { status: 'True' }, 'everything else goes on');
});

test('nor while it can only be told from the status that there were channels', async (t) => {
  const world = await readyWorld();
  await lose(world, ordererSecret(world));
  await lose(world, genesis(world));
  forgetIn(world, '/fabric/');
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).condition('Identities')?.reason, 'IdentityLost');
});

test('a peer’s identity that is lost everywhere is made anew: no channel pins it', async (t) => {
  const world = await readyWorld();
  const secret = world.kubernetes
    .all('Secret')
    .find(({ metadata }) => metadata.name.endsWith('farm-peer-identity'))!;
  await lose(world, secret);
  forgetIn(world, 'farm-peer-0');
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('authorities that are not the members’ are refused: nothing they issue would be believed', async (t) => {
  const world = await readyWorld();
  world.clients.identities.authority = () => Promise.resolve('another authority');
  const before = ordererSecret(world).data;
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).condition('Identities')?.reason, 'AuthorityLost');
  t.deepEqual(ordererSecret(world).data, before);
});

test('the key that names the data is made once, and not anew when Vault has lost it', async (t) => {
  const world = await readyWorld();
  const keys = () => [...world.secrets].filter(([path]) => path.startsWith('selvedge/data/names/'));
  const before = keys();
  t.is(before.length, 1);
  await reconcile(world.clients, id);
  t.deepEqual(keys(), before);
  forgetIn(world, '/names/');
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).condition('Endpoints')?.reason, 'NameKeyLost');
  t.deepEqual(keys(), []);
});

test('a channel’s first block is restored as it was, from Vault or from its ConfigMap', async (t) => {
  const world = await readyWorld();
  const before = genesis(world).binaryData;
  await lose(world, genesis(world));
  await reconcile(world.clients, id);
  t.deepEqual(genesis(world).binaryData, before);
  forgetIn(world, '/genesis/');
  await reconcile(world.clients, id);
  await lose(world, genesis(world));
  await reconcile(world.clients, id);
  t.deepEqual(genesis(world).binaryData, before);
});

test('a first block that is lost everywhere is not made anew while an orderer has joined by it', async (t) => {
  const world = await readyWorld();
  await lose(world, genesis(world));
  forgetIn(world, '/genesis/');
  await reconcile(world.clients, id);
  t.deepEqual(world.kubernetes.all('ConfigMap'), []);
  t.like((await statusOf(world)).condition('Channels'), { status: 'False', reason: 'GenesisLost' });
});
