/** The gateway as its image runs it, against a real API server with our own CRD and RBAC. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { startGateway, startNetworksApi, type GatewayProcess } from './gateway-process.ts';
import type { KubernetesApi } from './kubernetes-api.ts';

let api: KubernetesApi;
let gateway: GatewayProcess;
let url: string;
let alice: string;
const seen: unknown[] = [];

test.before(async (t) => {
  t.timeout(600_000);
  api = await startNetworksApi();
  alice = await api.token('selvedge-users', 'alice', 'selvedge');

  const functions = createServer((request, response) => {
    seen.push(request.headers['ce-key']);
    request.resume().on('end', () => response.writeHead(201).end('{}'));
  }).listen(0, '127.0.0.1');
  await once(functions, 'listening');
  functions.unref();
  const functionUrl = `http://127.0.0.1:${(functions.address() as AddressInfo).port}`;
  gateway = await startGateway(api, {
    DATA_PUT_URL: functionUrl,
    DATA_GET_URL: functionUrl,
    KEYS_URL: functionUrl,
    PROVISIONING_URL: functionUrl,
    FAILOVER_URL: functionUrl,
  });
  url = gateway.url;
});

test.after.always(async () => {
  await gateway.stop();
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
  const exited = once(gateway.child, 'exit');
  gateway.child.kill('SIGTERM');
  await events.text();
  t.deepEqual(await exited, [0, null]);
});
