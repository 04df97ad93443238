/** What of a network that stands is kept, on a real API server: its volumes, and who runs what. */
import anyTest, { type TestFn } from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import {
  connectKubernetes,
  type Kubernetes,
  type KubernetesObject,
} from '../../functions/lib/kubernetes/client.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';
import { writeStatus } from '../../functions/provisioning/resource.ts';
import { namespaceOf } from '../../functions/provisioning/resources/namespace.ts';
import { ordererResources } from '../../functions/provisioning/resources/orderer.ts';
import { groups, type Plan } from '../../functions/provisioning/resources/plan.ts';
import { keepVolumes, type StatefulSet } from '../../functions/provisioning/steps/workloads.ts';
import { witnessesOf } from '../../functions/provisioning/witnesses.ts';
import { createWorld, planFor, supply } from '../functions/provisioning/world.ts';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';

interface Context {
  api: KubernetesApi;
  kubernetes: Kubernetes;
}
const test = anyTest as TestFn<Context>;

test.before(async (t) => {
  const api = await startKubernetesApi();
  const config = new KubeConfig();
  config.loadFromFile(await api.kubeconfig('admin-of-a-test'));
  t.context = { api, kubernetes: connectKubernetes({ config }) };
});
test.after.always((t) => t.context.api.stop());

const planOfOwn = (name: string): Plan => {
  const network = supply();
  return planFor({ ...network, metadata: { ...network.metadata, name, uid: `uid-of-${name}` } });
};

const setsOf = (plan: Plan): KubernetesObject[] =>
  groups(plan)
    .filter(({ tier }) => tier === 'orderer')
    .flatMap((group) => ordererResources(plan, group))
    .filter(({ kind }) => kind === 'StatefulSet');

/** The StatefulSets of a network's orderers, in its namespace and its own. */
async function standing({ kubernetes }: Context, plan: Plan): Promise<StatefulSet[]> {
  const { apiVersion, kind, metadata } = await kubernetes.apply(namespaceOf(plan));
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
  return Promise.all(
    setsOf(plan).map((set) =>
      kubernetes.apply({
        ...(set as StatefulSet),
        metadata: { ...set.metadata, ownerReferences: [owner] },
      }),
    ),
  );
}

test('volumes stay as they were made, where the settings say something else by now', async (t) => {
  const { kubernetes } = t.context;
  const before = planOfOwn('volumes');
  const [known] = await standing(t.context, before);
  const settings = { ...before.settings, storageClass: 'other', volumeSize: '5Gi' };
  const [wanted] = setsOf({ ...before, settings });
  await t.throwsAsync(kubernetes.apply(wanted!), { message: /[Ff]orbidden/ });
  const after = (await kubernetes.apply(keepVolumes(wanted!, known!))) as StatefulSet;
  t.deepEqual(after.spec, known!.spec);
  t.is(after.metadata.generation, known!.metadata.generation);
});

test('who runs which orderer can be told from the StatefulSets', async (t) => {
  const plan = planOfOwn('sets');
  await standing(t.context, plan);
  const clients = { ...(await createWorld()).clients, kubernetes: t.context.kubernetes };
  const [, sets] = await witnessesOf(clients, plan.id, plan.spec);
  t.deepEqual(sets, plan.placement);
  const again = { ...plan.id, uid: 'uid-of-one-made-again' };
  t.deepEqual(await witnessesOf(clients, again, plan.spec), []);
});

test('where orderers are is kept in the status', async (t) => {
  const { api, kubernetes } = t.context;
  await api.kubectl(['apply', '-f', '-'], await manifest('knative/base/crd/fabricnetwork.yaml'));
  const crd = 'crd/fabricnetworks.selvedge.dev';
  await api.kubectl(['wait', '--for=condition=Established', '--timeout=60s', crd]);
  await api.kubectl(['create', 'namespace', 'selvedge']);
  const network = supply();
  const { apiVersion, kind, spec } = network;
  const metadata = { name: 'kept', namespace: 'selvedge' };
  await kubernetes.apply({ apiVersion, kind, metadata, spec });
  const { placement } = planFor(network);
  const clients = { ...(await createWorld()).clients, kubernetes };
  await writeStatus(clients, { ...network, metadata }, { placement });
  const found = await kubernetes.get<FabricNetwork>({ apiVersion, kind, ...metadata });
  t.deepEqual(found?.status, { placement });
});
