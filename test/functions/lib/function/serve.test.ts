import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { CloudEvent } from 'cloudevents';
import { z } from 'zod';
import { BadRequest, FateOpen, Unavailable } from '../../../../functions/lib/errors.ts';
import { createLogger } from '../../../../functions/lib/log.ts';
import {
  endpoint,
  functionApp,
  type FunctionOptions,
} from '../../../../functions/lib/function/serve.ts';

const log = createLogger('test');
log.level = 'silent';

async function start(t: ExecutionContext, options: Omit<FunctionOptions, 'log'>): Promise<string> {
  const server = functionApp({ ...options, log }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const headers = {
  'ce-specversion': '1.0',
  'ce-type': 'a.b.v1',
  'ce-source': '/test',
  'ce-id': '1',
  'ce-name': 'world',
};
const named = z.object({ name: z.string() });

test('an event reaches the endpoint for its type, with its attributes and its data', async (t) => {
  const url = await start(t, {
    endpoints: {
      'a.b.v1': endpoint(named, async ({ attributes, body }) => ({
        status: 200,
        body: `${await text(body)} ${attributes.name}`,
      })),
    },
  });
  const response = await fetch(url, { method: 'POST', headers, body: 'hello' });
  t.is(await response.text(), 'hello world');
});

test('an endpoint may answer with an event in binary mode', async (t) => {
  const event = new CloudEvent({ type: 'c.v1', source: '/s', data: { a: 1 } });
  const url = await start(t, {
    endpoints: { 'a.b.v1': endpoint(named, () => Promise.resolve({ status: 201, event })) },
  });
  const response = await fetch(url, { method: 'POST', headers });
  t.is(response.status, 201);
  t.is(response.headers.get('ce-type'), 'c.v1');
  t.deepEqual(await response.json(), { a: 1 });
});

test('it says that it is alive until only another process helps', async (t) => {
  let hangs = false;
  const alive = (): void => {
    if (hangs) throw new Error('a pass hangs');
  };
  const url = await start(t, { endpoints: {}, alive });
  t.is((await fetch(`${url}/healthz`)).status, 200);
  hangs = true;
  t.is((await fetch(`${url}/healthz`)).status, 500);
  t.is((await fetch(`${url}/readyz`)).status, 200);
});

test('a key that ends in * takes every type with that beginning', async (t) => {
  const reply = () => Promise.resolve({ status: 204 });
  const url = await start(t, { endpoints: { 'a.*': endpoint(z.object({}), reply) } });
  t.is((await fetch(url, { method: 'POST', headers })).status, 204);
  const other = { ...headers, 'ce-type': 'b.c.v1' };
  t.is((await fetch(url, { method: 'POST', headers: other })).status, 400);
});

test('attributes of an answer beyond Latin-1 are percent-encoded', async (t) => {
  const event = new CloudEvent({ type: 'c.v1', source: '/s', subject: 'snow☃man', data: {} });
  const url = await start(t, {
    endpoints: { 'a.b.v1': endpoint(named, () => Promise.resolve({ status: 201, event })) },
  });
  const response = await fetch(url, { method: 'POST', headers });
  t.is(response.status, 201);
  t.is(response.headers.get('ce-subject'), 'snow%E2%98%83man');
});

test('an answer that is not the last word says so in a header', async (t) => {
  const fail = () => Promise.reject(new FateOpen('another try is under way'));
  const url = await start(t, { endpoints: { 'a.b.v1': endpoint(named, fail) } });
  const response = await fetch(url, { method: 'POST', headers });
  t.is(response.status, 503);
  t.is(response.headers.get('selvedge-fate'), 'open');
  t.like(await response.json(), { type: 'https://selvedge.dev/problems/fate-open' });
});

test('what every object inherits is no type of event', async (t) => {
  const url = await start(t, { endpoints: {} });
  for (const type of ['constructor', 'toString', '__proto__']) {
    const other = { ...headers, 'ce-type': type };
    t.is((await fetch(url, { method: 'POST', headers: other })).status, 400);
  }
});

for (const [what, error, status, retryAfter] of [
  ['a malformed request', new BadRequest('no'), 400, null],
  ['a part that does not answer', new Unavailable('no', { retryAfter: 7 }), 503, '7'],
  ['an error of ours', new Error('with a secret'), 500, null],
] as const) {
  test(`${what} becomes a problem document with status ${status}`, async (t) => {
    const fail = () => Promise.reject(error);
    const url = await start(t, { endpoints: { 'a.b.v1': endpoint(named, fail) } });
    const response = await fetch(url, { method: 'POST', headers });
    t.is(response.status, status);
    t.is(response.headers.get('retry-after'), retryAfter);
    t.is(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    const problem = (await response.json()) as { status: number; detail: string };
    t.is(problem.status, status);
    t.notRegex(problem.detail, /secret/);
  });
}

test('attributes that do not fit the schema are refused by name', async (t) => {
  const url = await start(t, {
    endpoints: { 'a.b.v1': endpoint(named, () => Promise.resolve({ status: 200 })) },
  });
  const { 'ce-name': _, ...rest } = headers;
  const response = await fetch(url, { method: 'POST', headers: rest });
  t.is(response.status, 400);
  t.like(await response.json(), { errors: [{ path: 'name' }] });
});

test('the call is aborted when the caller leaves', async (t) => {
  const { promise: aborted, resolve } = Promise.withResolvers<string>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<undefined>();
  const url = await start(t, {
    endpoints: {
      'a.b.v1': endpoint(named, async ({ signal }) => {
        reach(undefined);
        await once(signal, 'abort');
        resolve('aborted');
        return { status: 200 };
      }),
    },
  });
  const controller = new AbortController();
  const call = fetch(url, { method: 'POST', headers, signal: controller.signal });
  await reached;
  controller.abort();
  await t.throwsAsync(call);
  t.is(await aborted, 'aborted');
});

test('a stream that breaks after its first byte ends the answer, not the server', async (t) => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('first');
    await Promise.resolve();
    throw new Error('broken');
  }
  const reply = () => Promise.resolve({ status: 200, body: Readable.from(broken()) });
  const url = await start(t, { endpoints: { 'a.b.v1': endpoint(named, reply) } });
  await t.throwsAsync(async () => {
    const response = await fetch(url, { method: 'POST', headers });
    await response.text();
  });
  t.is((await fetch(`${url}/healthz`)).status, 200);
});

test('a function that is not ready says so at /readyz and stays healthy', async (t) => {
  const url = await start(t, {
    endpoints: {},
    ready: () => Promise.reject(new Unavailable('Vault is sealed')),
  });
  t.is((await fetch(`${url}/readyz`)).status, 503);
  t.is((await fetch(`${url}/healthz`)).status, 200);
});
