import test from 'ava';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, labels, type FabricNetwork } from '../../../functions/lib/network.ts';
import { until } from '../../../functions/lib/until.ts';
import { applyNetwork, isReady } from '../../../scripts/cli/network.ts';
import {
  command,
  fresh,
  kubeconfig,
  kubernetes,
  namespace,
  network,
  ownNamespace,
  pods,
  tiny,
} from '../cluster.ts';

import { subscribe } from '../workloads.ts';

const ref = (name: string) => ({ apiVersion, kind, namespace, name });

const kinds = [
  ['v1', 'Pod'],
  ['v1', 'Service'],
  ['v1', 'Secret'],
  ['v1', 'ConfigMap'],
  ['v1', 'PersistentVolumeClaim'],
  ['v1', 'ServiceAccount'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'Deployment'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['rbac.authorization.k8s.io/v1', 'Role'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
] as const;

/** Every object made for a network, as `kind/name@generation`, in order. */
async function madeFor(name: string): Promise<string[]> {
  const lists = await Promise.all(
    kinds.map(([version, of]) =>
      kubernetes.list<KubernetesObject & { metadata: { generation?: number; uid?: string } }>(
        { apiVersion: version, kind: of, namespace: ownNamespace(name) },
        `${labels.network}=${name}`,
      ),
    ),
  );
  return lists
    .flatMap((list, index) =>
      list.map(({ metadata }) => `${kinds[index]?.[1]}/${metadata.name} ${metadata.uid}`),
    )
    .sort();
}

async function kubectl(...args: string[]): Promise<string> {
  const output = await command('.selvedge/bin/kubectl', ['--kubeconfig', kubeconfig, ...args]);
  return output.toString();
}

test.serial('the sample network is ready, with every peer, orderer and chaincode', async (t) => {
  const found = await kubernetes.get<FabricNetwork>(ref(network));
  t.true(found !== undefined && isReady(found));
  const { orderers = [], peers = [], timings = {} } = found?.status ?? {};
  t.is(orderers.length, 3);
  t.is(peers.length, 4);
  t.true([...orderers, ...peers].every(({ ready, node }) => ready && node !== undefined));
  t.true(
    peers.every(({ chaincodes = [] }) => chaincodes.some((c) => c.name === 'anchor' && c.ready)),
  );
  t.true(Object.keys(timings).length > 0);
  t.log(timings);
});

test.serial('applying the same spec again changes nothing', async (t) => {
  const before = await madeFor(network);
  const found = await kubernetes.get<FabricNetwork>(ref(network));
  await kubectl(
    'apply',
    '--server-side',
    '--field-manager=selvedge',
    '-f',
    'knative/samples/supply.yaml',
  );
  const again = await kubernetes.get<FabricNetwork>(ref(network));
  t.is(again?.metadata.generation, found?.metadata.generation);
  t.deepEqual(await madeFor(network), before);
});

test.serial(
  'a function killed in the middle carries on, and deleting removes all and only that',
  async (t) => {
    const name = fresh('tiny');
    const others = await madeFor(network);
    const told = await subscribe(t);
    const applied = applyNetwork(kubernetes, tiny(name), { timeout: 240 });
    await until(
      { what: 'something to be made', timeoutMs: 60_000 },
      async () => (await madeFor(name)).length > 2,
    );
    for (const { metadata } of await pods('serving.knative.dev/service=provisioning')) {
      await kubernetes.remove(
        { apiVersion: 'v1', kind: 'Pod', namespace, name: metadata.name },
        { gracePeriodSeconds: 0 },
      );
    }
    t.log(`ready after ${(await applied).toFixed(1)} s`);
    const ready = await until(
      { what: 'the subscriber to hear of it', timeoutMs: 60_000 },
      async () =>
        (await told()).find(
          ({ type, body }) => type === 'dev.selvedge.network.ready.v1' && body.includes(name),
        ),
    );
    t.like(JSON.parse(ready.body), { namespace, network: name, phase: 'Ready' });

    await kubernetes.remove(ref(name));
    await until(
      { what: 'the resource to go', timeoutMs: 120_000 },
      async () => (await kubernetes.get(ref(name))) === undefined,
    );
    await until(
      { what: 'everything made for it to go', timeoutMs: 60_000 },
      async () => (await madeFor(name)).length === 0,
    );
    const own = { apiVersion: 'v1', kind: 'Namespace', name: ownNamespace(name) };
    t.is(await kubernetes.get(own), undefined);
    t.deepEqual(await madeFor(network), others);
  },
);

test.serial('a network deleted in the middle of being made leaves nothing', async (t) => {
  const name = fresh('half');
  const others = await madeFor(network);
  await kubernetes.apply(tiny(name));
  await until(
    { what: 'something to be made', timeoutMs: 60_000 },
    async () => (await madeFor(name)).length > 2,
  );
  await kubernetes.remove(ref(name));
  await until(
    { what: 'the resource to go', timeoutMs: 120_000 },
    async () => (await kubernetes.get(ref(name))) === undefined,
  );
  await until(
    { what: 'everything to go', timeoutMs: 60_000 },
    async () => (await madeFor(name)).length === 0,
  );
  t.deepEqual(await madeFor(network), others, 'and nothing else');
});
