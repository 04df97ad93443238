/**
 * Dead letters against a real API server: kept by failover under its own account, held to them by the
 * admission policy as it is installed, and sent again through the API server's proxy to a Broker.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import { deadLetters } from '../../functions/failover/handler.ts';
import { createKeeper } from '../../functions/failover/letters/keep.ts';
import { deadLetterPath, toConfigMap } from '../../functions/lib/dead-letter.ts';
import { Forbidden } from '../../functions/lib/errors.ts';
import { functionApp } from '../../functions/lib/function/serve.ts';
import { connectKubernetes, type Kubernetes } from '../../functions/lib/kubernetes/client.ts';
import { KubernetesHttp } from '../../functions/lib/kubernetes/http.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { sendToBroker } from '../../scripts/cli/broker.ts';
import { drop, listLetters, replay, type Letters } from '../../scripts/cli/dead-letters.ts';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';

const namespace = 'selvedge';
const map = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
const log = createLogger('test');
log.level = 'silent';

let api: KubernetesApi;
let admin: Kubernetes;
let failover: Kubernetes;
let sink: Server;
let broker: Server;
/** What came to the Broker, and what it answers. */
const came: { path: string | undefined; authorization: string | undefined; body: string }[] = [];
let answer = 202;
const said: string[] = [];
let letters: Letters;

const configOf = async (token: string): Promise<KubeConfig> => {
  const config = new KubeConfig();
  config.loadFromFile(await api.kubeconfig(token));
  return config;
};

/** An address of this machine that a pod may have: it may have none of loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this machine has no address but loopback');
  return found.address;
}

async function listening(server: Server, address: string): Promise<number> {
  await once(server.listen(0, address), 'listening');
  return (server.address() as AddressInfo).port;
}

/** What declares Brokers, and the Service of one: a pod that has our address, for no node runs it. */
const brokerObjects = (address: string, port: number): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: brokers.eventing.knative.dev}
spec:
  group: eventing.knative.dev
  scope: Namespaced
  names: {kind: Broker, plural: brokers, singular: broker}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
---
apiVersion: v1
kind: Service
metadata: {name: broker-ingress, namespace: ${namespace}}
spec: {ports: [{name: http, port: 80, targetPort: ${port}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ingress, namespace: ${namespace}}
spec: {serviceAccountName: failover, containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: broker-ingress, namespace: ${namespace}}
subsets:
  - addresses: [{ip: ${address}, targetRef: {kind: Pod, name: ingress, namespace: ${namespace}}}]
    ports: [{name: http, port: ${port}}]
`;

/** Who lists, sends again and drops, with the rights that the README names. */
const operatorRights = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: operator, namespace: ${namespace}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: operator, namespace: ${namespace}}
rules:
  - {apiGroups: [''], resources: [configmaps], verbs: [list, delete]}
  - {apiGroups: [eventing.knative.dev], resources: [brokers], verbs: [get]}
  - apiGroups: ['']
    resources: [services/proxy]
    resourceNames: ['http:broker-ingress:80']
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: operator, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: operator}
subjects: [{kind: ServiceAccount, name: operator, namespace: ${namespace}}]
`;

test.before(async () => {
  api = await startKubernetesApi();
  const apply = (objects: string) => api.kubectl(['apply', '-f', '-'], objects);
  for (const name of [namespace, 'selvedge-storage']) await api.kubectl(['create', 'ns', name]);
  for (const file of ['rbac', 'admission'])
    await apply(await manifest(`knative/base/failover/${file}.yaml`));
  admin = connectKubernetes({ config: await configOf('admin-of-a-test') });
  failover = connectKubernetes({ config: await configOf(await api.token(namespace, 'failover')) });
  await admin.create({ ...map, metadata: { name: 'selvedge-ca', namespace } });
  const unlabelled = { name: 'dead-letter-no-label', namespace };
  await until({ what: 'the policy to be in force', timeoutMs: 60_000 }, async () => {
    await admin.remove({ ...map, name: unlabelled.name });
    return isRefused(failover.create({ ...map, metadata: unlabelled }));
  });

  const keep = createKeeper({
    kubernetes: failover,
    namespace,
    most: 3,
    recorder: {
      kept: (_, name) => Promise.resolve(void said.push(`kept ${name}`)),
      dropped: (name) => Promise.resolve(void said.push(`dropped ${name}`)),
    },
  });
  sink = createServer(
    functionApp({ endpoints: {}, paths: { [deadLetterPath]: deadLetters(keep) }, log }),
  );
  await listening(sink, '127.0.0.1');

  broker = createServer((request, response) => {
    void text(request).then((body) => {
      const { url: path, headers } = request;
      came.push({ path, authorization: headers.authorization, body });
      response.writeHead(answer).end();
    });
  });
  const address = ownAddress();
  await apply(brokerObjects(address, await listening(broker, address)));
  const status = JSON.stringify({ status: { podIP: address, podIPs: [{ ip: address }] } });
  const patch = ['patch', 'pod', 'ingress', '-n', namespace, '--subresource=status'];
  await api.kubectl([...patch, '--type=merge', '-p', status]);
  const url = `http://broker-ingress.${namespace}.svc.cluster.local/${namespace}/default`;
  await until({ what: 'Brokers to be known', timeoutMs: 30_000 }, async () => {
    const object = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker' };
    const metadata = { name: 'default', namespace };
    await admin.apply({ ...object, metadata, status: { address: { url } } } as never);
    return true;
  });
  await apply(operatorRights);
  const operatorConfig = await configOf(await api.token(namespace, 'operator'));
  const operator = connectKubernetes({ config: operatorConfig });
  const http = new KubernetesHttp(operatorConfig, 10_000);
  letters = {
    ...{ kubernetes: operator, namespace },
    say: (line) => void said.push(line),
    send: (event) => sendToBroker({ kubernetes: operator, http }, namespace, event),
  };
  const rights = { what: 'the rights to be in force', timeoutMs: 30_000 };
  await until(rights, async () => !(await isRefused(listLetters(letters))));
});
test.after.always(async () => {
  sink.close();
  broker.close();
  await api.stop();
});

async function isRefused(tried: Promise<unknown>): Promise<boolean> {
  try {
    await tried;
    return false;
  } catch (error) {
    if (error instanceof Forbidden) return true;
    throw error;
  }
}

/** An event that nobody took, as the Broker's channel sends it. */
async function die(id: string, body = '{"a":1}'): Promise<number> {
  const { port } = sink.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${deadLetterPath}`, {
    method: 'POST',
    headers: {
      ...{ 'ce-specversion': '1.0', 'ce-type': 't.v1', 'ce-source': '/test', 'ce-id': id },
      ...{
        'ce-wakes': 'somebody',
        'ce-knativeerrordest': 'http://a/',
        'ce-knativeerrorcode': '400',
      },
      ...{ 'content-type': 'application/json', authorization: 'Bearer secret' },
    },
    body,
  });
  return response.status;
}
const ids = async (): Promise<string[]> =>
  (await listLetters(letters)).map(({ event }) => event.id).sort();

const made = toConfigMap({ event: { id: 'x', source: '/x', type: 't.v1' } }, namespace);
const renamed = (name: string) => ({ ...made, metadata: { ...made.metadata, name } });

const forbidden: Record<string, (as: Kubernetes) => Promise<unknown>> = {
  'make a ConfigMap of another name': (as) => as.create(renamed('selvedge-other')),
  'make a dead letter that does not say it is one': (as) =>
    as.create({ ...made, metadata: { name: 'dead-letter-y', namespace } }),
  'remove a ConfigMap of others': (as) => as.remove({ ...map, name: 'selvedge-ca' }),
  'change a ConfigMap': (as) => as.merge({ ...map, name: 'selvedge-ca' }, { data: { a: 'b' } }),
  'read a Secret': (as) => as.get({ ...map, kind: 'Secret', name: 'x' }),
  'make one elsewhere': (as) => {
    const metadata = { ...made.metadata, namespace: 'selvedge-storage' };
    return as.create({ ...made, metadata });
  },
};

test.serial('failover may make and remove a dead letter', async (t) => {
  await t.notThrowsAsync(failover.create(made));
  await t.notThrowsAsync(failover.remove({ ...map, name: made.metadata.name }));
});

for (const [what, attempt] of Object.entries(forbidden)) {
  test.serial(`failover may not ${what}`, async (t) => {
    const error = await t.throwsAsync(attempt(failover), { instanceOf: Forbidden });
    t.notRegex(error.message, /resulted in error/);
  });
}

test.serial('an event that dies twice is kept once, and no token with it', async (t) => {
  t.is(await die('1'), 204);
  t.is(await die('1'), 204);
  t.deepEqual(await ids(), ['1']);
  const stored = await api.kubectl(['get', 'configmaps', '-n', namespace, '-o', 'json']);
  t.notRegex(stored, /secret/);
});

test.serial('what the Broker refuses is kept', async (t) => {
  answer = 400;
  await t.throwsAsync(replay(letters, { ids: [], all: true }), { message: /1 of 1/ });
  t.regex(said.at(-1) ?? '', /is kept: .*400/);
  t.deepEqual(await ids(), ['1']);
});

test.serial('what the Broker takes arrives there as it was, and is forgotten', async (t) => {
  answer = 202;
  came.length = 0;
  await replay(letters, { ids: [], all: true });
  t.is(came.length, 1);
  const [{ path, authorization, body }] = came as [(typeof came)[0]];
  t.is(path, `/${namespace}/default`);
  t.is(authorization, undefined);
  t.deepEqual(JSON.parse(body), {
    ...{ specversion: '1.0', type: 't.v1', source: '/test', id: '1', wakes: 'somebody' },
    ...{ datacontenttype: 'application/json', data: { a: 1 } },
  });
  t.deepEqual(await ids(), []);
});

test.serial('no more are kept than may be, and what goes is told', async (t) => {
  for (const id of ['1', '2', '3', '4']) t.is(await die(id), 204);
  t.is((await ids()).length, 3);
  t.is(said.filter((line) => line.startsWith('dropped ')).length, 1);
  await drop(letters, { ids: [], all: true });
  t.deepEqual(await ids(), []);
});

test.serial('while the API server is away the event is to be sent again', async (t) => {
  await api.stop();
  t.is(await die('1'), 503);
});
