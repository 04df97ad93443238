/** What NetworkPolicies refuse, tried from where somebody who broke in would be. */
import test, { type ExecutionContext } from 'ava';
import { prefixes } from '../../functions/lib/data/datum.ts';
import { refOf, type KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { labels } from '../../functions/lib/network.ts';
import { storageNamespace } from '../../functions/lib/tiers.ts';
import { until } from '../../functions/lib/until.ts';
import { applyNetwork } from '../../scripts/cli/network.ts';
import { fresh, kubernetes, namespace, network, ownNamespace, tiny, type Pod } from './cluster.ts';
import { etcdctl } from './stores.ts';
import { logs, namespace as workloads, runPod } from './workloads.ts';

/** Tries to connect to every address it is given, again and again, and prints each round as a line. */
const knock = `
const { connect } = require('node:net');
const knock = (address) => new Promise((resolve) => {
  const [host, port] = address.split(':');
  const socket = connect({ host, port, timeout: 2000 });
  const end = (seen) => { socket.destroy(); resolve([address, seen]); };
  socket.on('connect', () => end('open'));
  for (const no of ['timeout', 'error']) socket.on(no, () => end('shut'));
});
const round = async () => {
  const seen = await Promise.all(process.argv.slice(1).map(knock));
  console.log(JSON.stringify(Object.fromEntries(seen)));
  setTimeout(round, 500);
};
round();
`;

interface Place {
  namespace: string;
  labels: Record<string, string>;
}

/** Whether each address opens to a pod at a place; a firewall learns of a new pod only after it runs. */
async function seen(
  t: ExecutionContext,
  place: Place,
  expected: Record<string, 'open' | 'shut'>,
): Promise<void> {
  const name = fresh('intruder');
  await runPod(t, name, knock, { ...place, args: Object.keys(expected) });
  let last = 'nothing';
  const asExpected = until(
    { what: `${place.namespace} to see what it may`, timeoutMs: 90_000 },
    async () => {
      last = (await logs(name, place.namespace)).trim().split('\n').at(-1) ?? 'nothing';
      return Object.entries(expected).every(
        ([address, state]) => (JSON.parse(last) as Record<string, string>)[address] === state,
      );
    },
  );
  await t.notThrowsAsync(asExpected, `it saw ${last}`);
}

/** The address of a port of a pod: chaincode may not even ask for names. */
async function at(where: string, name: string, port: number): Promise<string> {
  const pod = await kubernetes.get<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: where, name });
  if (!pod?.status?.podIP) throw new Error(`${name} in ${where} has no address`);
  return `${pod.status.podIP}:${port}`;
}

/** The stores' first members, the API server by its Service, and the members of the sample network. */
async function addresses() {
  const service = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'kubernetes' };
  const api = await kubernetes.get<KubernetesObject & { spec: { clusterIP: string } }>(service);
  const own = ownNamespace(network);
  return {
    apiServer: `${api!.spec.clusterIP}:443`,
    stores: await Promise.all([
      at(storageNamespace, 'etcd-0', 2379),
      at(storageNamespace, 'vault-0', 8200),
      at(storageNamespace, 'minio-0', 9000),
    ]),
    queues: await Promise.all([
      at(storageNamespace, 'rabbitmq-0', 5671),
      at(storageNamespace, 'rabbitmq-0', 15671),
      at(storageNamespace, 'rabbitmq-0', 25672),
    ]),
    peer: await at(own, 'farm-peer-0', 7051),
    chaincodeOfPeer: await at(own, 'farm-peer-0', 7053),
    operationsOfPeer: await at(own, 'farm-peer-0', 9443),
    orderer: await at(own, 'farm-orderer-0', 7050),
    operationsOfOrderer: await at(own, 'farm-orderer-0', 8443),
  };
}

const brokerAddress = 'default-broker-ingress.selvedge.svc.cluster.local:80';

const all = (keys: string[], state: 'open' | 'shut') =>
  Object.fromEntries(keys.map((key) => [key, state]));

test.serial('chaincode reaches its peer, and no store, no API server and no orderer', async (t) => {
  const other = fresh('other');
  await applyNetwork(kubernetes, tiny(other), { timeout: 240 });
  t.teardown(() => kubernetes.remove(refOf(tiny(other))));
  const known = await addresses();
  const ordererOfOther = await at(ownNamespace(other), 'solo-orderer-0', 7050);
  const { apiServer, stores, peer, operationsOfPeer, orderer, operationsOfOrderer } = known;
  const chaincode = {
    namespace: ownNamespace(network),
    labels: { [labels.component]: 'chaincode', [labels.organization]: 'farm' },
  };
  await seen(t, chaincode, {
    ...all([known.chaincodeOfPeer], 'open'),
    ...all([apiServer, ...stores, orderer, ordererOfOther], 'shut'),
    ...all([peer, operationsOfPeer, operationsOfOrderer], 'shut'),
  });
});

test.serial('a data function reaches stores and peers, and no port of operations', async (t) => {
  const { stores, queues, peer, operationsOfPeer, orderer, operationsOfOrderer } =
    await addresses();
  const reader = { namespace, labels: { 'serving.knative.dev/service': 'data-get' } };
  await seen(t, reader, {
    ...all([...stores, peer], 'open'),
    ...all([...queues, operationsOfPeer, orderer, operationsOfOrderer], 'shut'),
  });
});

test.serial('a pod of the Broker reaches its queues as a client, and no store', async (t) => {
  const { stores, queues } = await addresses();
  const [amqps, management, distribution] = queues;
  const end = { namespace, labels: { 'eventing.knative.dev/brokerRole': 'dispatcher' } };
  await seen(t, end, {
    ...all([amqps], 'open'),
    ...all([management, distribution, ...stores], 'shut'),
  });
});

test.serial(
  'a workload beside Selvedge reaches functions, and neither stores nor members',
  async (t) => {
    const { stores, queues, peer, operationsOfPeer, orderer, operationsOfOrderer } =
      await addresses();
    await seen(
      t,
      { namespace: workloads, labels: {} },
      {
        ...all(['data-get.selvedge.svc.cluster.local:80'], 'open'),
        ...all([brokerAddress], 'shut'),
        ...all(
          [...stores, ...queues, peer, operationsOfPeer, orderer, operationsOfOrderer],
          'shut',
        ),
      },
    );
  },
);

test.serial('a workload whose namespace may tell the Broker reaches it', async (t) => {
  const name = fresh('telling');
  const telling = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'events.selvedge.dev/selvedge': 'true' } },
  };
  await kubernetes.apply(telling);
  t.teardown(() => kubernetes.remove(refOf(telling)));
  await seen(t, { namespace: name, labels: {} }, all([brokerAddress], 'open'));
});

test.serial(
  'a function reads in etcd what is its own, and neither writes nor sees the rest',
  async (t) => {
    const reads = (prefix: string) =>
      etcdctl(['get', '--prefix', '--keys-only', prefix], undefined, 'data-get');
    await t.notThrowsAsync(reads(prefixes.data));
    const denied = { message: /permission denied/ };
    await t.throwsAsync(reads(prefixes.intents), denied);
    await t.throwsAsync(reads(prefixes.outbox), denied);
    await t.throwsAsync(etcdctl(['put', `${prefixes.data}x`, 'y'], undefined, 'data-get'), denied);
    await t.throwsAsync(etcdctl(['user', 'list'], undefined, 'data-get'), denied);
  },
);
