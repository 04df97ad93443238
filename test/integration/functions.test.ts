/** data-put and data-get as they are called: CloudEvents over HTTP, tokens, real stores. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import anyTest, { type TestFn } from 'ava';
import { endpoints as getEndpoints } from '../../functions/data-get/handler.ts';
import { endpoints as putEndpoints } from '../../functions/data-put/handler.ts';
import { createOutbox } from '../../functions/data-put/outbox.ts';
import { createAuthenticator } from '../../functions/lib/function/authentication.ts';
import type { Access } from '../../functions/lib/kubernetes/authorization.ts';
import { Forbidden } from '../../functions/lib/errors.ts';
import type { Receipt } from '../../functions/lib/events.ts';
import { keys } from '../../functions/lib/data/datum.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { functionApp } from '../../functions/lib/function/serve.ts';
import { until } from '../../functions/lib/until.ts';
import { alice, audience, startIssuer, type Issuer } from '../fakes/issuer.ts';
import { network, noOrphans, startWorld, type World } from './world.ts';

interface Context {
  world: World;
  issuer: Issuer;
  servers: Server[];
  asked: Access[];
  send: (event: Sent) => Promise<Response>;
}
interface Sent {
  to: 'put' | 'get';
  type?: string;
  attributes?: Record<string, string>;
  subject?: string;
  body?: string | Buffer<ArrayBuffer>;
  contentType?: string;
  headers?: Record<string, string>;
}

const test = anyTest as TestFn<Context>;
const bob = alice.replace('alice', 'bob');
const denied = alice.replace('alice', 'denied');

test.before(async (t) => {
  const [world, issuer] = await Promise.all([startWorld(), startIssuer()]);
  const log = createLogger('test');
  log.level = 'silent';
  const authenticator = createAuthenticator({
    issuer: issuer.url,
    audience,
    serviceAccounts: true,
  });
  const asked: Access[] = [];
  const authorizer = {
    require: (caller: { subject: string }, access: Access) => {
      asked.push(access);
      if (caller.subject === denied) return Promise.reject(new Forbidden('RBAC says no'));
      return Promise.resolve();
    },
  };
  const { putDeps: deps, getDeps } = world;
  const broker = { send: () => Promise.resolve() };
  const outbox = createOutbox({ metadata: deps.metadata, broker, now: deps.now }, log);
  const namespace = 'selvedge';
  const apps = {
    put: putEndpoints({ deps, outbox, authenticator, authorizer, namespace }),
    get: getEndpoints({ deps: getDeps, authenticator, namespace }),
  };
  const servers: Server[] = [];
  const urls: Record<string, string> = {};
  for (const [name, endpoints] of Object.entries(apps)) {
    const server = createServer(functionApp({ endpoints, log })).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    servers.push(server);
  }
  const send = async ({ to, type, attributes, subject, body, contentType, headers }: Sent) => {
    const ce = { specversion: '1.0', source: '/test', id: randomUUID(), network: 'supply' };
    const all = { ...ce, type: type ?? `dev.selvedge.data.${to}.v1`, ...attributes };
    return fetch(urls[to]!, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.token(subject === undefined ? {} : { sub: subject })}`,
        'content-type': contentType ?? 'application/json',
        ...Object.fromEntries(
          Object.entries(all).map(([k, v]) => [`ce-${k}`, encodeURIComponent(v)]),
        ),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  };
  t.context = { world, issuer, servers, asked, send };
});

test.after.always(async (t) => {
  for (const server of t.context.servers) server.close();
  await Promise.all([t.context.world.stop(), t.context.issuer.close()]);
});

test.serial(
  'a put answers with the event of the stored version, and a get with its bytes',
  async (t) => {
    const { send, asked } = t.context;
    const key = `readings/☃ ü ${randomUUID()}`;
    const stored = await send({ to: 'put', attributes: { key }, body: '{"celsius":21}' });
    t.is(stored.status, 201);
    t.is(stored.headers.get('ce-type'), 'dev.selvedge.data.stored.v1');
    t.is(decodeURIComponent(stored.headers.get('ce-subject')!), `supply/${key}`);
    const receipt = (await stored.json()) as Receipt;
    t.like(receipt, { key, version: 1, tier: 'record', size: 14 });
    t.deepEqual(asked.at(-1), {
      verb: 'create',
      resource: 'fabricnetworks',
      subresource: 'data',
      namespace: 'selvedge',
      name: 'supply',
    });

    const got = await send({ to: 'get', attributes: { key } });
    t.is(await got.text(), '{"celsius":21}');
    t.is(got.headers.get('content-type'), 'application/json');
    t.is(got.headers.get('content-length'), '14');
    t.is(got.headers.get('selvedge-version'), '1');
    t.is(got.headers.get('selvedge-digest'), receipt.digest);
    t.is(got.headers.get('selvedge-transaction'), receipt.transactionId);

    const head = await send({ to: 'get', attributes: { key, view: 'head' } });
    t.is(head.headers.get('selvedge-size'), '14');
    t.is(await head.text(), '');

    const view = await send({ to: 'get', attributes: { key, view: 'receipt', dataversion: '1' } });
    t.like(await view.json(), { receipt, verified: true });
  },
);

test.serial('the same event twice has one effect and the first answer', async (t) => {
  const { send, world } = t.context;
  const attributes = { key: randomUUID(), id: randomUUID() };
  const body = randomBytes(100);
  const put = async () => {
    const answer = await send({ to: 'put', attributes, body, contentType: 'image/png' });
    t.is(answer.status, 201);
    return answer.json();
  };
  const first = await put();
  t.deepEqual(await put(), first);
  const id = await world.names.idOf({ ...network, ...attributes });
  t.is(world.ledger.versionsOf(id), 1);
});

const refusals: Record<string, Sent & { status: number; says?: RegExp }> = {
  'no key': { to: 'put', status: 400, says: /key/ },
  'a key with ..': { to: 'put', attributes: { key: 'a/../b' }, status: 400, says: /key/ },
  'a content type that no header can hold': {
    to: 'put',
    attributes: { key: 'k' },
    contentType: 'application/cloudevents+json',
    body: JSON.stringify({
      ...{ specversion: '1.0', source: '/test', id: 'x', type: 'dev.selvedge.data.put.v1' },
      ...{ network: 'supply', key: 'k', datacontenttype: 'text/plain\nSet-Cookie: x', data: 'x' },
    }),
    status: 400,
    says: /content type/,
  },
  'an unknown tier': {
    to: 'put',
    attributes: { key: 'k', tier: 'tape' },
    status: 400,
    says: /tier/,
  },
  'a version that is no number': {
    to: 'get',
    attributes: { key: 'k', dataversion: 'x' },
    status: 400,
    says: /dataversion/,
  },
  'no token': { to: 'put', attributes: { key: 'k' }, headers: { authorization: '' }, status: 401 },
  'a caller whom RBAC denies': {
    to: 'put',
    attributes: { key: 'k' },
    subject: denied,
    status: 403,
  },
  'a type that is not handled': { to: 'put', type: 'dev.selvedge.data.burn.v1', status: 400 },
  'what is not there': { to: 'get', attributes: { key: 'nothing' }, status: 404 },
};

for (const [name, { status, says, ...sent }] of Object.entries(refusals)) {
  test.serial(`${name}: ${status}`, async (t) => {
    const answer = await t.context.send({ body: '{}', ...sent });
    t.is(answer.status, status);
    t.is(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json');
    t.regex(await answer.text(), says ?? /detail/);
  });
}

test.serial('another user reads what is not there, and may not write', async (t) => {
  const { send, world } = t.context;
  const attributes = { key: randomUUID() };
  await send({ to: 'put', attributes, body: '{}' });
  const read = await send({ to: 'get', attributes, subject: bob });
  t.is(read.status, 404);
  const never = await send({ to: 'get', attributes: { key: randomUUID() }, subject: bob });
  t.is(await read.text(), await never.text());
  t.like(world.audit.at(-1), {
    audit: 'denied',
    key: attributes.key,
    reason: 'no policy permits it',
  });
  t.is((await send({ to: 'put', attributes, body: '{}', subject: bob })).status, 403);
});

test.serial('a client that hangs up in mid-upload leaves nothing behind', async (t) => {
  const { servers, issuer, world } = t.context;
  const { port } = servers[0]!.address() as AddressInfo;
  const key = randomUUID();
  const upload = request({
    ...{ port, method: 'POST', host: '127.0.0.1' },
    headers: {
      authorization: `Bearer ${await issuer.token()}`,
      'content-type': 'video/mp4',
      'ce-specversion': '1.0',
      'ce-source': '/test',
      'ce-id': key,
      'ce-type': 'dev.selvedge.data.put.v1',
      'ce-network': 'supply',
      'ce-key': key,
    },
  });
  upload.on('error', () => undefined);
  for (let i = 0; i < 12; i++) {
    await new Promise((resolve) => upload.write(randomBytes(1_000_000), resolve));
  }
  const intents = async (): Promise<string[]> => {
    const states: string[] = [];
    for await (const { value } of world.putDeps.metadata.intents()) {
      if (value.key === key) states.push(value.state);
    }
    return states;
  };
  await until(
    { what: 'the put to begin', timeoutMs: 20_000 },
    async () => (await intents()).length,
  );
  upload.destroy();
  await until({ what: 'the put to be cleaned', timeoutMs: 20_000 }, async () => {
    const left = await world.minio.client().listIncompleteUploads('selvedge', '', true).toArray();
    return (await intents()).length === 0 && left.length === 0;
  });
  t.pass();
});

test.serial(
  'with Vault sealed: 503 with a time to come back, and nothing is written',
  async (t) => {
    const { send, world } = t.context;
    const attributes = { key: randomUUID() };
    await world.vault.seal();
    const put = await send({ to: 'put', attributes, body: '{}' });
    t.is(put.status, 503);
    t.truthy(put.headers.get('retry-after'));
    const ref = { ...network, ...attributes };
    t.is(await world.etcd.get(keys.datum(ref)), undefined);
    t.is(await world.etcd.get(keys.policy(ref)), undefined);
    for await (const { value } of world.putDeps.metadata.intents()) t.not(value.key, ref.key);
    await noOrphans(t, world);
    await world.vault.unseal();
    t.is((await send({ to: 'get', attributes })).status, 404);
    t.is((await send({ to: 'put', attributes, body: '{}' })).status, 201);
  },
);

test.serial('with the object store gone: a put of an object is 503, records go on', async (t) => {
  const { send, world } = t.context;
  await world.minio.kill();
  const body = randomBytes(1000);
  const object = { key: randomUUID() };
  const put = await send({ to: 'put', attributes: object, body, contentType: 'image/png' });
  t.is(put.status, 503);
  t.is((await send({ to: 'get', attributes: object })).status, 404);
  const record = { key: randomUUID() };
  t.is((await send({ to: 'put', attributes: record, body: '{}' })).status, 201);
  t.is(await (await send({ to: 'get', attributes: record })).text(), '{}');
});
