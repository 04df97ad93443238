import { randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import anyTest, { type TestFn } from 'ava';
import type { Receipt } from '../../functions/lib/events.ts';
import { keys } from '../../functions/lib/data/datum.ts';
import { until } from '../../functions/lib/until.ts';
import { alice } from '../fakes/issuer.ts';
import { bob, denied, startFunctions, type Functions, type Sent } from './callable.ts';
import { network, noOrphans } from './world.ts';

const test = anyTest as TestFn<Functions>;

test.before(async (t) => {
  t.context = await startFunctions();
});

test.after.always((t) => t.context.stop());

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

test.serial('the owner puts a policy in force, reads it and asks what it decides', async (t) => {
  const { send, asked } = t.context;
  const key = randomUUID();
  await send({ to: 'put', attributes: { key }, body: '{}' });
  const about = { attributes: { key }, contentType: 'text/plain' };
  const put = { ...about, to: 'put', type: 'dev.selvedge.policy.put.v1' } as const;
  const cedar = `@id("bob") permit (principal, action, resource)
    when { principal.subject == "${bob}" };`;
  t.is((await send({ ...put, body: cedar, subject: bob })).status, 404);
  t.is((await send({ ...put, body: cedar, subject: denied })).status, 403);

  const changed = await send({ ...put, body: cedar });
  t.is(changed.status, 200);
  t.like(await changed.json(), { network: 'supply', key, edition: 2 });
  t.is(changed.headers.get('etag'), '"2"');
  t.truthy(changed.headers.get('selvedge-transaction'));
  t.like(asked.at(-1), { verb: 'create', subresource: 'data', name: 'supply' });
  t.is((await send({ to: 'get', attributes: { key }, subject: bob })).status, 200);

  const other = { ...put, attributes: { key, ifmatch: '"1"' }, body: 'permit (' };
  t.is((await send(other)).status, 422);
  const meant = await send({ ...other, body: `${cedar} ` });
  t.is(meant.status, 412);
  t.like(await meant.json(), {
    type: 'https://selvedge.dev/problems/precondition-failed',
    edition: 2,
  });
  const bytes = Buffer.from([0x2f, 0x2f, 0xff]);
  t.is((await send({ ...put, body: bytes })).status, 400);
  t.is((await send({ ...put, body: 'x'.repeat(65_537) })).status, 413);

  const read = { to: 'get', attributes: { key, view: 'policy' } } as const;
  const policy = await send(read);
  t.is(await policy.text(), cedar);
  t.is(policy.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.is(policy.headers.get('selvedge-edition'), '2');
  t.is((await send({ ...read, subject: bob })).status, 404);

  const ask = (sub: string, subject?: string) =>
    send({
      to: 'get',
      type: 'dev.selvedge.policy.check.v1',
      attributes: { key },
      body: JSON.stringify({ caller: { sub }, action: 'write' }),
      ...(subject !== undefined && { subject }),
    });
  t.deepEqual(await (await ask(bob)).json(), {
    ...{ allowed: true, policies: ['bob'], reason: 'by bob' },
  });
  t.like(await (await ask(alice)).json(), { allowed: false, policies: [] });
  t.is((await ask('nobody')).status, 422);
  t.is((await ask(bob, bob)).status, 404);
});
