/** The gateway as its image runs it, against a real API server with our own CRD and RBAC. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { clusterIssuer } from '../../functions/lib/function/authentication.ts';
import { bundle } from '../../scripts/cluster/images/bundle.ts';
import { freePorts } from './servers.ts';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';

let api: KubernetesApi;
let gateway: ChildProcess;
let url: string;
let alice: string;
const seen: unknown[] = [];

const grants = `
apiVersion: v1
kind: Namespace
metadata: {name: selvedge}
---
apiVersion: v1
kind: Namespace
metadata: {name: selvedge-users}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: alice, namespace: selvedge-users}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bob, namespace: selvedge-users}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: issuer-discovery}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: system:service-account-issuer-discovery
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: system:unauthenticated}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: owner, namespace: selvedge}
rules:
  - {apiGroups: [selvedge.dev], resources: [fabricnetworks], verbs: [get, list, watch, create, update, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: owner, namespace: selvedge}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: owner}
subjects: [{kind: ServiceAccount, name: alice, namespace: selvedge-users}]
`;

test.before(async (t) => {
  t.timeout(600_000);
  api = await startKubernetesApi();
  await api.kubectl(['apply', '-f', '-'], grants);
  await api.kubectl(['apply', '-f', '-'], await manifest('knative/base/gateway/rbac.yaml'));
  await api.kubectl(['apply', '-f', '-'], await manifest('knative/base/crd/fabricnetwork.yaml'));
  const crd = 'crd/fabricnetworks.selvedge.dev';
  await api.kubectl(['wait', '--for=condition=Established', '--timeout=30s', crd]);
  alice = await api.token('selvedge-users', 'alice', 'selvedge');

  const functions = createServer((request, response) => {
    seen.push(request.headers['ce-key']);
    request.resume().on('end', () => response.writeHead(201).end('{}'));
  }).listen(0, '127.0.0.1');
  await once(functions, 'listening');
  functions.unref();
  const functionUrl = `http://127.0.0.1:${(functions.address() as AddressInfo).port}`;

  const folder = join(api.folder, 'gateway');
  await bundle('gateway', folder);
  const [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  gateway = spawn(process.execPath, [join(folder, 'main.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PORT: String(port),
      NAMESPACE: 'selvedge',
      DATA_PUT_URL: functionUrl,
      DATA_GET_URL: functionUrl,
      FAILOVER_URL: functionUrl,
      OIDC_ISSUER: clusterIssuer,
      OIDC_JWKS_URL: `${api.url}/openid/v1/jwks`,
      NODE_EXTRA_CA_CERTS: api.caFile,
      KUBECONFIG: await api.kubeconfig(await api.token('selvedge', 'gateway')),
    },
  });
  const up = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await up())) if (gateway.exitCode !== null) throw new Error('the gateway ended');
});

test.after.always(async () => {
  gateway.kill('SIGKILL');
  await api.stop();
});

const spec = {
  consensus: { type: 'raft', orderers: 3 },
  organizations: [{ name: 'farm', mspId: 'FarmMSP', peers: 1 }],
  channels: [
    {
      name: 'goods',
      organizations: ['farm'],
      chaincodes: [{ name: 'anchor', builtin: 'anchor', version: '1' }],
    },
  ],
  data: { channel: 'goods' },
};

const call = (method: string, path: string, token: string, body?: unknown) =>
  fetch(`${url}/v1/networks${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

test.serial('a network goes from put to deleted, and its states are told', async (t) => {
  t.is((await call('PUT', '/supply', alice, spec)).status, 202);
  t.is((await call('PUT', '/supply', alice, spec)).status, 200);
  t.like(await (await call('GET', '/supply', alice)).json(), { name: 'supply', generation: 1 });
  const list = (await (await call('GET', '', alice)).json()) as { items: unknown[] };
  t.is(list.items.length, 1);

  const events = await call('GET', '/supply/events', alice);
  const stream = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  const until = async (text: string) => {
    while (!told.includes(text)) told += (await stream.read()).value ?? 'ended';
  };
  await until('event: network');
  const status = JSON.stringify({ status: { phase: 'Progressing', observedGeneration: 1 } });
  const patch = ['--subresource=status', '--type=merge', '-p', status];
  await api.kubectl(['patch', 'fabricnetwork', 'supply', '-n', 'selvedge', ...patch]);
  await until('"phase":"Progressing"');

  const refused = await call('PUT', '/supply', alice, { ...spec, consensus: { orderers: 5 } });
  t.is(refused.status, 422);
  t.regex(await refused.text(), /consensus cannot be changed/);
  const organizations = [{ name: 'farm', mspId: 'FarmMSP', peers: 2 }];
  t.is((await call('PUT', '/supply', alice, { ...spec, organizations })).status, 202);
  await until('"peers":2');
  t.like(await (await call('GET', '/supply', alice)).json(), {
    generation: 2,
    status: { phase: 'Progressing' },
  });

  t.is((await call('DELETE', '/supply', alice)).status, 202);
  await until('event: deleted');
  t.is((await call('GET', '/supply', alice)).status, 404);
});

test.serial('who has no role may not, whatever it is', async (t) => {
  const bob = await api.token('selvedge-users', 'bob', 'selvedge');
  t.is((await call('PUT', '/other', bob, spec)).status, 403);
  t.is((await call('GET', '', bob)).status, 403);
  t.is((await call('DELETE', '/other', bob)).status, 403);
  t.is(await api.kubectl(['get', 'fabricnetworks', '-n', 'selvedge', '-o', 'name']), '');
});

test.serial('a token for the API server itself is not one for us', async (t) => {
  const other = await api.token('selvedge-users', 'alice');
  t.is((await call('GET', '', other)).status, 401);
});

test.serial('a malformed network makes no object', async (t) => {
  const bad = { ...spec, consensus: { type: 'bft', orderers: 3 }, colour: 'red' };
  const answer = await call('PUT', '/bad', alice, bad);
  t.is(answer.status, 400);
  const { errors } = (await answer.json()) as { errors: { path: string }[] };
  t.deepEqual(errors.map(({ path }) => path).sort(), ['colour', 'consensus']);
  t.is(await api.kubectl(['get', 'fabricnetworks', '-n', 'selvedge', '-o', 'name']), '');
});

test.serial('a datum of whoever has a token goes to the function', async (t) => {
  t.is((await call('PUT', '/supply/data/a%2Fb', alice, 'datum')).status, 201);
  t.deepEqual(seen, ['a/b']);
});

test.serial('the gateway ends at once when told to, streams and all', async (t) => {
  t.is((await call('PUT', '/supply', alice, spec)).status, 202);
  const events = await call('GET', '/supply/events', alice);
  const exited = once(gateway, 'exit');
  gateway.kill('SIGTERM');
  await events.text();
  t.deepEqual(await exited, [0, null]);
});
