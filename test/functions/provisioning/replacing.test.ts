/** Orderers that lost their disk, and what a channel does with them. */
import test from 'ava';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { Unprocessable } from '../../../functions/lib/errors.ts';
import { consentersOf } from '../../../functions/lib/fabric/config-block.ts';
import type { FabricNetwork } from '../../../functions/lib/network.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { createWorld, id, statusOf, supply, type World } from './world.ts';

type Told = KubernetesObject & { reason: string; message: string };

/** A network whose orderer lost its disk; `changes` are those since. */
async function lossy(network?: FabricNetwork): Promise<{ world: World; lost: string }> {
  const world = await createWorld(network);
  await reconcile(world.clients, id);
  const lost = [...world.fabric.orderers.keys()].at(-1)!;
  world.fabric.orderers.get(lost)!.clear();
  world.fabric.changes.length = 0;
  return { world, lost };
}

const replaced = (lost: string): string[] => [
  'goods is ordered by 2',
  'goods is ordered by 3',
  `join ${lost}`,
];

test('it is removed and added, and joins by the configuration that has it anew', async (t) => {
  const { world, lost } = await lossy();
  const first = [...world.fabric.orderers.values()][0]!.get('goods');
  await reconcile(world.clients, id);
  t.deepEqual(world.fabric.changes, replaced(lost));
  const joined = world.fabric.orderers.get(lost)!.get('goods');
  t.truthy(joined);
  t.not(joined, first, 'not by the first block');
  t.is((await statusOf(world)).phase, 'Ready');
  const told = world.kubernetes.all('Event') as Told[];
  t.deepEqual(told.map(({ reason }) => reason).sort(), ['ConsenterAdded', 'ConsenterRemoved']);
  t.true(told.every(({ message }) => message.startsWith(lost.split('.')[0]!)));
});

test('one that loses its disk again is replaced again', async (t) => {
  const { world, lost } = await lossy();
  await reconcile(world.clients, id);
  world.fabric.orderers.get(lost)!.clear();
  world.fabric.changes.length = 0;
  await reconcile(world.clients, id);
  t.deepEqual(world.fabric.changes, replaced(lost));
});

/** Has a pass end with its `turn`th change of the outside, once that is made. */
function killAfter({ clients, fabric }: World, turn: number): () => boolean {
  let left = turn;
  const dying =
    <A extends unknown[], R>(work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const done = await work(...given);
      left -= 1;
      if (left === 0) throw new Error('killed');
      return done;
    };
  clients.vault = { ...clients.vault, write: dying(clients.vault.write) };
  clients.fabric.changeChannel = dying(fabric.changeChannel);
  const connect = fabric.connectParticipation;
  fabric.connectParticipation = (options) => {
    const client = connect(options);
    return { ...client, join: dying(client.join) };
  };
  return () => left <= 0;
}

for (let turn = 1; turn <= 7; turn++) {
  test(`a pass that is killed after its change number ${turn} is carried on by the next`, async (t) => {
    const { world, lost } = await lossy();
    const wasKilled = killAfter(world, turn);
    await reconcile(world.clients, id).catch(() => undefined);
    t.true(wasKilled());
    await reconcile(world.clients, id);
    t.deepEqual(world.fabric.changes, replaced(lost));
    t.is(consentersOf(world.fabric.configurations.get('goods')!).length, 3);
    t.is((await statusOf(world)).phase, 'Ready');
  });
}

test('while too few of the others follow a leader it stays out, which is said', async (t) => {
  const { world, lost } = await lossy();
  const [other = ''] = world.fabric.orderers.keys();
  world.fabric.strays.add(other);
  await reconcile(world.clients, id).catch(() => undefined);
  t.deepEqual(world.fabric.changes, []);
  const { phase, condition } = await statusOf(world);
  const channels = condition('Channels');
  t.is(phase, 'Degraded');
  t.like(channels, { status: 'False', reason: 'ConsenterLostItsDisk' });
  t.regex(channels!.message, new RegExp(`^${lost.split('.')[0]} has lost .* more than half`));
  world.fabric.strays.clear();
  await reconcile(world.clients, id);
  t.deepEqual(world.fabric.changes, replaced(lost));
});

test('what the orderers refuse is said, and everything else goes on', async (t) => {
  const { world } = await lossy();
  world.clients.fabric.changeChannel = () => Promise.reject(new Unprocessable('not satisfied'));
  await reconcile(world.clients, id);
  const channels = (await statusOf(world)).condition('Channels');
  t.is(channels?.reason, 'ConsenterLostItsDisk');
  t.regex(channels!.message, /It was not replaced: not satisfied/);
});

test('one of BFT stays out, which is said', async (t) => {
  const network = supply();
  network.spec.consensus = { type: 'bft', orderers: 4 };
  const { world } = await lossy(network);
  await reconcile(world.clients, id);
  t.deepEqual(world.fabric.changes, []);
  const channels = (await statusOf(world)).condition('Channels');
  t.is(channels?.reason, 'ConsenterLostItsDisk');
  t.regex(channels!.message, /BFT is not replaced by itself/);
});

test('two that lost their disk are replaced one after the other', async (t) => {
  const network = supply();
  network.spec.consensus = { type: 'raft', orderers: 5 };
  const { world, lost } = await lossy(network);
  const other = [...world.fabric.orderers.keys()][0]!;
  world.fabric.orderers.get(other)!.clear();
  await reconcile(world.clients, id);
  const once = ['goods is ordered by 4', 'goods is ordered by 5'];
  t.deepEqual(world.fabric.changes, [...once, `join ${other}`, ...once, `join ${lost}`]);
});
