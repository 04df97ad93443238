/**
 * A lost node against a real API server: failover under its own account, by the rights and the admission
 * policy as they are installed. Kubelets are played: there are no nodes here.
 */
import test from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import { fenceNode } from '../../functions/failover/actions/fence-node.ts';
import { takeBack } from '../../functions/failover/actions/take-back.ts';
import { createNodeLook } from '../../functions/failover/nodes/look.ts';
import { outOfService, type KubernetesNode } from '../../functions/failover/nodes/taint.ts';
import { pass, type Failover } from '../../functions/failover/pass.ts';
import { createRecorder } from '../../functions/failover/record.ts';
import { gather } from '../../functions/failover/gather.ts';
import { inTurn } from '../../functions/failover/turn.ts';
import {
  connectKubernetes,
  type Kubernetes,
  type KubernetesObject,
} from '../../functions/lib/kubernetes/client.ts';
import type { Kubelet } from '../../functions/lib/kubernetes/kubelet.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { functionRights } from '../../functions/provisioning/resources/rights.ts';
import { planFor, supply } from '../functions/provisioning/world.ts';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';

const namespace = 'selvedge';
const network = supply();
const plan = planFor(network);
const own = plan.id.namespace;
const log = createLogger('test');
log.level = 'silent';
let api: KubernetesApi;
let admin: Kubernetes;
let account: Kubernetes;
/** The nodes that are away. */
const away = new Set<number>();

const connect = async (token: string): Promise<Kubernetes> => {
  const config = new KubeConfig();
  config.loadFromFile(await api.kubeconfig(token));
  return connectKubernetes({ config });
};

const nodeRef = (n: number) => ({ apiVersion: 'v1', kind: 'Node', name: `node-${n}` });
const podOf = (name: string, n: number, labels: object): KubernetesObject =>
  ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: own, labels } },
    spec: {
      ...{ nodeName: `node-${n}`, automountServiceAccountToken: false },
      containers: [{ name: 'main', image: 'none' }],
    },
  }) as unknown as KubernetesObject;

async function makeNode(n: number): Promise<void> {
  const status = {
    addresses: [{ type: 'InternalIP', address: `10.0.0.${n}` }],
    conditions: [{ type: 'Ready', status: 'True' }],
  };
  const { name, ...of } = nodeRef(n);
  await admin.create<KubernetesNode>({ ...of, metadata: { name }, spec: {}, status });
  await renew(n);
  const labels = { 'selvedge.dev/network': 'supply' };
  await admin.create(podOf(`farm-peer-${n}`, n, labels));
}

async function renew(n: number): Promise<void> {
  const metadata = { name: `node-${n}`, namespace: 'kube-node-lease' };
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
  await admin.apply({ ...lease, spec: { renewTime } } as KubernetesObject);
}

test.before(async () => {
  api = await startKubernetesApi();
  admin = await connect('admin-of-a-test');
  for (const name of [namespace, 'selvedge-storage', own])
    await api.kubectl(['create', 'namespace', name]);
  await api.kubectl(['create', 'serviceaccount', 'default', '--namespace', own]);
  const files = ['crd/fabricnetwork', 'failover/rbac', 'failover/admission'];
  for (const file of files)
    await api.kubectl(['apply', '-f', '-'], await manifest(`knative/base/${file}.yaml`));
  for (const object of functionRights(plan)) await admin.apply(object);
  const declared = { what: 'networks to be known', timeoutMs: 30_000 };
  await until(declared, () =>
    admin.apply<KubernetesObject>({ ...network, status: undefined } as KubernetesObject),
  );
  const ready = condition('Ready', 'True');
  await admin.applyStatus({ ...network, status: { namespace: own, conditions: [ready] } });
  for (const n of [1, 2, 3]) await makeNode(n);
  account = await connect(await api.token(namespace, 'failover'));
  await until({ what: 'the policy to be in force', timeoutMs: 60_000 }, () =>
    isRefused(account.merge(nodeRef(1), { metadata: { labels: { x: String(Date.now()) } } })),
  );
});
test.after.always(() => api.stop());

async function isRefused(tried: Promise<unknown>): Promise<boolean> {
  try {
    await tried;
    return false;
  } catch (error) {
    return /changes nothing of a node|removes no pods|writes nothing of a network/.test(
      (error as Error).message,
    );
  }
}

const condition = (type: string, status: string) => ({
  ...{ type, status, reason: 'Test', message: '' },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

/** One that is there renews its Lease between any two looks. */
const kubelet: Kubelet = {
  answers: async (address) => {
    const n = Number(address.split('.')[3]);
    if (away.has(n)) return false;
    await renew(n);
    return true;
  },
  running: () => Promise.resolve([]),
};

/** One of the function's pods. */
function failover(holder: string): () => Promise<void> {
  const kubernetes = account;
  const broker = { send: () => Promise.resolve() };
  const below = { kubernetes, namespace, broker, volumes: undefined, keepers: {} as never };
  // Time goes by looks: a busy machine changes nothing.
  let seconds = 0;
  const now = (): number => (seconds += 4);
  const sources = {
    ...{
      kubernetes,
      namespace: 'selvedge-storage',
      vaultMember: () => ({}) as never,
      peers: {} as never,
    },
    nodes: createNodeLook({ kubernetes, kubelet, namespace, now }),
    volume: () => Promise.resolve(undefined),
  };
  const subject: Failover = {
    gather: () => gather(sources),
    actions: {
      unseal: () => Promise.reject(new Error('there is no Vault')),
      replace: () => Promise.reject(new Error('there is no Vault')),
      restart: () => Promise.reject(new Error('there is no Vault')),
      'fence-node': ({ node }) => fenceNode(below, node),
      'take-back': ({ node }) => takeBack(below, node),
    },
    recorder: createRecorder({ kubernetes, broker, namespace, log }),
  };
  const lease = { kubernetes, metadata: { name: 'failover', namespace }, holder, log };
  return () =>
    inTurn({ ...lease, now: () => new Date() }, (signal) => pass(subject, { signal, pauseMs: 10 }));
}

const taintsOf = async (n: number): Promise<string[]> => {
  const found = await admin.get<KubernetesNode>(nodeRef(n));
  return (found?.spec?.taints ?? []).map(({ key, value }) => `${key}=${value ?? ''}`);
};
const out = `${outOfService.key}=${outOfService.value}`;

/** What stands in the network's conditions. */
async function conditions(): Promise<string[]> {
  const { apiVersion, kind, metadata } = network;
  const ref = { apiVersion, kind, namespace, name: metadata.name };
  const found = await admin.get<FabricNetwork>(ref);
  return (found?.status?.conditions ?? []).map(
    ({ type, status, reason }) => `${type} ${status} ${reason}`,
  );
}

type Event = KubernetesObject & { message: string; involvedObject: { kind: string; name: string } };
async function told(): Promise<string[]> {
  const events = await admin.list<Event>({ apiVersion: 'v1', kind: 'Event', namespace: 'default' });
  return events
    .filter(({ involvedObject }) => involvedObject.kind === 'Node')
    .map(({ involvedObject, message }) => `${involvedObject.name}: ${message.split(',')[0] ?? ''}`)
    .sort();
}

test.serial('nodes that are well are left alone', async (t) => {
  await failover('one')();
  t.deepEqual(await told(), []);
});

test.serial('two passes at once over a lost node fence it once, and its pods go', async (t) => {
  away.add(3);
  await Promise.all([failover('one')(), failover('two')()]);
  t.deepEqual(await told(), ['node-3: fence-node succeeded']);
  t.true((await taintsOf(3)).includes(out));
  for (const n of [1, 2]) t.false((await taintsOf(n)).includes(out));
  const pods = await admin.list({ apiVersion: 'v1', kind: 'Pod', namespace: own });
  t.deepEqual(pods.map(({ metadata }) => metadata.name).sort(), ['farm-peer-1', 'farm-peer-2']);
  t.deepEqual(await conditions(), ['Ready True Test', 'Failover True NodeFenced']);
});

test.serial('a node that is there again is taken back', async (t) => {
  away.delete(3);
  await failover('one')();
  t.deepEqual(await told(), ['node-3: fence-node succeeded', 'node-3: take-back succeeded']);
  t.false((await taintsOf(3)).includes(out));
  t.deepEqual(await conditions(), ['Ready True Test', 'Failover False NodeBack']);
});

test.serial('what provisioning writes leaves the condition alone', async (t) => {
  const status = { namespace: own, conditions: [condition('Ready', 'False')] };
  await admin.applyStatus({ ...network, status });
  t.deepEqual(await conditions(), ['Ready False Test', 'Failover False NodeBack']);
});

const forbidden: Record<string, () => Promise<unknown>> = {
  'cordon a node': () => account.merge(nodeRef(1), { spec: { unschedulable: true } }),
  'label a node': () => account.merge(nodeRef(1), { metadata: { labels: { zone: 'x' } } }),
  'annotate a node': () => account.merge(nodeRef(1), { metadata: { annotations: { a: 'x' } } }),
  'give a node another taint': () =>
    account.merge(nodeRef(1), { spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } }),
  'take away the taint of a person': async () => {
    const taints = [{ ...outOfService, value: 'by-hand' }];
    await admin.merge(nodeRef(2), { spec: { taints } });
    return account.merge(nodeRef(2), { spec: { taints: [] } });
  },
  'write another condition of a network': () =>
    account.applyStatus(
      { ...network, status: { conditions: [condition('Ready', 'True')] } },
      'selvedge-failover',
    ),
  'write anything else of a network’s status': () =>
    account.applyStatus(
      { ...network, status: { namespace: 'selvedge-storage' } },
      'selvedge-failover',
    ),
  'remove a pod that is of no network': async () => {
    await admin.apply(podOf('stranger', 1, {}));
    return account.remove({ apiVersion: 'v1', kind: 'Pod', namespace: own, name: 'stranger' });
  },
};

for (const [what, tried] of Object.entries(forbidden)) {
  test.serial(`failover may not ${what}`, async (t) => {
    t.true(await isRefused(tried()));
  });
}

test.serial('failover touches neither pods nor kubelets elsewhere', async (t) => {
  const may = async (...what: string[]): Promise<string> =>
    api.kubectl(['auth', 'can-i', ...what, '--as', 'system:serviceaccount:selvedge:failover']);
  for (const what of [
    ['delete', 'pods', '--namespace', 'selvedge-storage'],
    ['delete', 'pods', '--namespace', 'kube-system'],
    ['get', 'nodes', '--subresource', 'proxy'],
    ['delete', 'nodes'],
    ['update', 'leases', '--namespace', 'kube-node-lease'],
    ['patch', 'fabricnetworks', '--namespace', namespace],
  ]) {
    const error = await t.throwsAsync(may(...what), undefined, what.join(' '));
    t.regex((error as unknown as { stdout: string }).stdout, /^no/);
  }
});
