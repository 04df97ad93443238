import test from 'ava';
import type { Kubernetes, KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { GatewayError } from '../../../scripts/cli/client.ts';
import type { Fault } from '../../../scripts/chaos/faults/fault.ts';
import { runRound, type RoundOptions } from '../../../scripts/chaos/round.ts';
import { isClean } from '../../../scripts/chaos/verdict.ts';
import type { World } from '../../../scripts/chaos/world.ts';
import { supplySpec } from '../../fakes/supply.ts';
import { fakeGateway } from './gateway.ts';

/** A cluster of one StatefulSet on one node, whose pod and gateway can be broken. */
function cluster() {
  const state = { broken: false, replicas: 1, healed: 0 };
  const ready = (is: boolean) => ({
    conditions: [{ type: 'Ready', status: is ? 'True' : 'False' }],
  });
  const namespace = 'selvedge-storage';
  const object = (kind: string, more: object): KubernetesObject => ({
    ...{ apiVersion: 'v1', kind, metadata: { name: 'etcd-0', namespace, labels: { app: 'etcd' } } },
    ...more,
  });
  const objects: Record<string, () => KubernetesObject[]> = {
    Node: () => [object('Node', { metadata: { name: 'a' }, status: ready(true) })],
    Pod: () => [object('Pod', { spec: { nodeName: 'a' }, status: ready(!state.broken) })],
    StatefulSet: () => [
      object('StatefulSet', {
        spec: { replicas: state.replicas, selector: { matchLabels: { app: 'etcd' } } },
      }),
    ],
  };
  const list = (({ kind }) => Promise.resolve(objects[kind]?.() ?? [])) as Kubernetes['list'];
  const gateway = fakeGateway(() => {
    if (state.broken) throw new GatewayError(503, { detail: 'later' });
  });
  const world: World = {
    kubernetes: { list } as Kubernetes,
    http: { done: () => Promise.resolve() },
    kubectl: () => Promise.resolve(''),
    kubectlCommand: ['kubectl'],
    network: {
      ...{ apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', spec: supplySpec() },
      metadata: { name: 'supply', namespace: 'selvedge' },
    },
    ...{ machine: undefined, random: () => 0, say: () => undefined },
  };
  return { state, world, gateway };
}

/** Breaks the cluster until it is healed, or for a moment. */
function breaking(state: ReturnType<typeof cluster>['state'], more: Partial<Fault> = {}): Fault {
  return {
    ...{ name: 'break', says: 'it breaks' },
    aim: () =>
      Promise.resolve({
        what: 'etcd-0',
        strike: () => {
          state.broken = true;
          if (!more.heal) setTimeout(() => (state.broken = false), 700);
          return Promise.resolve(undefined);
        },
      }),
    ...more,
  };
}

const options = (fault: Fault, client: ReturnType<typeof fakeGateway>): RoundOptions => ({
  ...{ fault, failover: true, client: { once: client, patient: client }, prefix: 'probe' },
  ...{ signal: new AbortController().signal, quietMs: 300, afterMs: 300, patienceMs: 20_000 },
});

test('a round says how long nothing went through, and when full strength came', async (t) => {
  const { state, world, gateway } = cluster();
  const round = await runRound(world, options(breaking(state), gateway));
  t.true(round.calls.put.longest >= 600, 'of writes');
  t.true(round.calls.get.longest >= 600, 'of reads');
  t.true(round.calls.put.failed > 0);
  t.true(round.strong! >= 600);
  t.deepEqual(round.lacked, []);
  t.is(round.healed, undefined);
  t.true(isClean(round.verdict), JSON.stringify(round.verdict));
});

test('what does not come back while it is held is healed, and what was missing is told', async (t) => {
  const { state, world, gateway } = cluster();
  const heal = (): Promise<void> => {
    state.broken = false;
    return Promise.resolve();
  };
  const fault = breaking(state, { holdMs: 800, heal });
  const round = await runRound(world, options(fault, gateway));
  t.deepEqual(round.lacked, ['etcd-0 0/1']);
  t.true(round.healed! > 300);
  t.true(round.strong! >= round.healed!);
});

test('what is still missing in the end is told rather than what was missing before', async (t) => {
  const { state, world, gateway } = cluster();
  const heal = (): Promise<void> => {
    Object.assign(state, { broken: false, replicas: 2 });
    return Promise.resolve();
  };
  const fault = breaking(state, { holdMs: 600, heal });
  const round = await runRound(world, { ...options(fault, gateway), patienceMs: 800 });
  t.is(round.strong, undefined);
  t.deepEqual(round.lacked, ['etcd-0 1/2']);
});

test('a round is healed also when its strike fails', async (t) => {
  const { state, world, gateway } = cluster();
  const heal = (): Promise<void> => {
    state.healed++;
    return Promise.resolve();
  };
  const strike = (): Promise<never> => Promise.reject(new Error('it slipped'));
  const aim = () => Promise.resolve({ what: 'etcd-0', strike });
  const fault = { ...breaking(state), holdMs: 800, heal, aim };
  await t.throwsAsync(runRound(world, options(fault, gateway)), { message: 'it slipped' });
  t.is(state.healed, 1);
});

test('a round that is interrupted is healed', async (t) => {
  const { state, world, gateway } = cluster();
  const heal = (): Promise<void> => {
    state.broken = false;
    state.healed++;
    return Promise.resolve();
  };
  const fault = breaking(state, { holdMs: 60_000, heal });
  const signal = AbortSignal.timeout(1_500);
  await t.throwsAsync(runRound(world, { ...options(fault, gateway), signal }));
  t.is(state.healed, 1);
});

test('a cluster that is not whole is not broken further', async (t) => {
  const { state, world, gateway } = cluster();
  state.broken = true;
  const impatient = { ...options(breaking(state), gateway), patienceMs: 500 };
  await t.throwsAsync(runRound(world, impatient), {
    message: /lacks etcd-0 0\/1 before the fault/,
  });
  t.is(gateway.puts.length, 0);
});
