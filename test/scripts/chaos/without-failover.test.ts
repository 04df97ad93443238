import test from 'ava';
import type {
  Kubernetes,
  KubernetesObject,
  Ref,
} from '../../../functions/lib/kubernetes/client.ts';
import { Conflict } from '../../../functions/lib/errors.ts';
import { restoreFailover, withoutFailover } from '../../../scripts/chaos/without-failover.ts';
import type { World } from '../../../scripts/chaos/world.ts';
import { supplySpec } from '../../fakes/supply.ts';

interface Held extends KubernetesObject {
  spec?: { filter?: { attributes: { wakes: string } }; holderIdentity?: string };
}

const taking = (wakes: string) => ({ filter: { attributes: { wakes } } });

/** A cluster with the Trigger, the Broker, and whatever Lease is made. */
function cluster() {
  const trigger: Held = {
    apiVersion: 'v1',
    kind: 'Trigger',
    metadata: { name: 'failover' },
    spec: taking('failover'),
  };
  const url = 'http://default-broker-ingress.selvedge.svc.cluster.local';
  const broker = { apiVersion: 'v1', kind: 'Broker', metadata: { name: 'default' } };
  const state = { trigger, lease: undefined as Held | undefined, sent: [] as unknown[] };
  const kubernetes = {
    get: ({ kind }: Ref) =>
      Promise.resolve(
        { Trigger: state.trigger, Lease: state.lease }[kind] ??
          (kind === 'Broker' ? { ...broker, status: { address: { url } } } : undefined),
      ),
    merge: (_: Ref, { spec }: { spec: Held['spec'] & object }) => {
      state.trigger = { ...trigger, spec };
      return Promise.resolve(state.trigger);
    },
    create: (object: Held) => Promise.resolve((state.lease = object)),
    replace: (object: Held) => Promise.resolve((state.lease = object)),
  };
  const world: World = {
    kubernetes: kubernetes as unknown as Kubernetes,
    http: { done: ({ body }) => Promise.resolve(void state.sent.push(body)) },
    kubectl: () => Promise.resolve(''),
    kubectlCommand: ['kubectl'],
    network: {
      ...{ apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', spec: supplySpec() },
      metadata: { name: 'supply', namespace: 'selvedge' },
    },
    ...{ machine: undefined, random: () => 0, say: () => undefined },
  };
  return { state, world };
}

const wakesFailover = ({ sent }: { sent: unknown[] }): boolean =>
  sent.some((event) => (event as { wakes?: string }).wakes === 'failover');

test('failover is off while the work is done, and on again afterwards', async (t) => {
  const { state, world } = cluster();
  await withoutFailover(world, () => {
    t.deepEqual(state.trigger.spec, taking('nobody'));
    t.regex(state.lease?.spec?.holderIdentity ?? '', /^chaos-/);
    return Promise.resolve();
  });
  t.deepEqual(state.trigger.spec, taking('failover'));
  t.is(state.lease?.spec?.holderIdentity, '');
  t.true(wakesFailover(state), 'it is told to look');
});

test('it is on again also when the work fails', async (t) => {
  const { state, world } = cluster();
  const work = (): Promise<never> => Promise.reject(new Error('it slipped'));
  await t.throwsAsync(withoutFailover(world, work), { message: 'it slipped' });
  t.deepEqual(state.trigger.spec, taking('failover'));
  t.is(state.lease?.spec?.holderIdentity, '');
});

test('a pass that is under way is waited for', async (t) => {
  const { state, world } = cluster();
  let tries = 0;
  const create = (object: Held): Promise<Held> => {
    if (tries++ === 0) return Promise.reject(new Conflict('another came first'));
    return Promise.resolve((state.lease = object));
  };
  Object.assign(world.kubernetes, { create });
  await withoutFailover(world, () => Promise.resolve());
  t.is(tries, 2);
});

test('what a killed run left off is switched on; where nothing was, nothing is done', async (t) => {
  const { state, world } = cluster();
  await restoreFailover(world);
  t.deepEqual(state.sent, []);
  state.trigger.spec = taking('nobody');
  await restoreFailover(world);
  t.deepEqual(state.trigger.spec, taking('failover'));
  t.true(wakesFailover(state));
});
