/** What a pass leaves for others to hear, and when it asks to be tried again. */
import test from 'ava';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { FabricNetwork } from '../../../functions/lib/network.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { createWorld, id, type World } from './world.ts';

const ref = {
  apiVersion: 'selvedge.dev/v1alpha1',
  kind: 'FabricNetwork',
  namespace: id.namespace,
  name: id.network,
};

const networkOf = async ({ kubernetes }: World) => (await kubernetes.get<FabricNetwork>(ref))!;

test('what is told is in the status already, and told again as the same event', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  // All members are ready, so the pass writes nothing before it is over.
  const seen = await networkOf(world);
  const conditions = [
    {
      type: 'Ready',
      status: 'False' as const,
      reason: 'Degraded',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ];
  const status = { ...seen.status, phase: 'Degraded' as const, conditions };
  await world.kubernetes.applyStatus({ ...seen, status });
  const told: [unknown, string][] = [];
  world.clients.broker = {
    send: async (event) => {
      told.push([(await networkOf(world)).status?.phase, event.id]);
      if (told.length === 1) throw new Unavailable('no Broker');
    },
  };
  await t.throwsAsync(reconcile(world.clients, id), { instanceOf: Unavailable });
  await reconcile(world.clients, id);
  t.deepEqual(
    told.map(([phase]) => phase),
    ['Ready', 'Ready'],
  );
  t.is(told[0]?.[1], told[1]?.[1]);
});

test('a network that goes on failing is left to the clock after eight minutes', async (t) => {
  const world = await createWorld();
  world.fabric.connectParticipation = () => {
    throw new Unavailable('no answer');
  };
  const start = Date.now();
  const after = (minutes: number) => {
    world.clients.now = () => new Date(start + minutes * 60_000);
    return reconcile(world.clients, id);
  };
  await t.throwsAsync(after(0), { instanceOf: Unavailable });
  await t.throwsAsync(after(7), { instanceOf: Unavailable });
  await t.notThrowsAsync(after(9));
  t.not((await networkOf(world)).status?.phase, 'Ready');
});
