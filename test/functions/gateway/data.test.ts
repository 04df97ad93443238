import type { IncomingHttpHeaders } from 'node:http';
import test from 'ava';
import { bearer, recording, startGateway } from './gateway.ts';

const receipt = { network: 'supply', key: 'a', version: 1 };

/** A function that keeps what came and answers 201 with a receipt. */
const recorder = () =>
  recording((response) => {
    response.writeHead(201, { 'content-type': 'application/json', 'ce-type': 'x', 'x-other': 'y' });
    response.end(JSON.stringify(receipt));
  });

test('a put becomes a CloudEvent in binary mode, and the receipt comes back', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const key = 'läser/100% "wahr" 5';
  const answer = await fetch(`${url}/v1/networks/supply/data/${encodeURIComponent(key)}`, {
    method: 'PUT',
    headers: {
      ...bearer,
      'content-type': 'text/csv; charset=utf-8',
      'idempotency-key': 'once-1',
      'selvedge-tier': 'object',
      'x-request-id': 'r-1',
      cookie: 'c=d',
    },
    body: 'a;b',
  });
  t.is(answer.status, 201);
  t.deepEqual(await answer.json(), receipt);
  t.is(answer.headers.get('x-request-id'), 'r-1');
  t.is(answer.headers.get('x-other'), null);
  t.is(answer.headers.get('ce-type'), null);

  const [{ url: path, headers, body }] = seen as [(typeof seen)[0]];
  t.is(path, '/put');
  t.is(body, 'a;b');
  t.like(headers, {
    'ce-specversion': '1.0',
    'ce-type': 'dev.selvedge.data.put.v1',
    'ce-source': '/gateway',
    'ce-network': 'supply',
    'ce-key': 'l%C3%A4ser/100%25%20%22wahr%22%205',
    'ce-idempotencykey': 'once-1',
    'ce-tier': 'object',
    'content-type': 'text/csv; charset=utf-8',
    'content-length': '3',
    authorization: bearer.authorization,
    'x-request-id': 'r-1',
    cookie: undefined,
  });
  t.regex(headers['ce-id'] as string, /^[0-9a-f-]{36}$/);
  t.false(Number.isNaN(Date.parse(headers['ce-time'] as string)));
});

test('every put is another event', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  for (let n = 0; n < 2; n++) {
    await fetch(`${url}/v1/networks/supply/data/a`, { method: 'PUT', headers: bearer });
  }
  t.not(seen[0]?.headers['ce-id'], seen[1]?.headers['ce-id']);
  t.is(seen[0]?.headers['content-type'], 'application/octet-stream');
  t.is(seen[0]?.headers['content-length'], '0');
});

const bad: Record<string, [path: string, headers: Record<string, string>, field: string]> = {
  'a network name in capitals': ['Supply/data/a', {}, 'network'],
  'a network name of 300 characters': [`${'n'.repeat(300)}/data/a`, {}, 'network'],
  'a network name that climbs': ['..%2Fx/data/a', {}, 'network'],
  'a key of 513 characters': [`supply/data/${'k'.repeat(513)}`, {}, 'key'],
  'a key with a control character': ['supply/data/a%00b', {}, 'key'],
  'a key with a line break': ['supply/data/a%0Ab', {}, 'key'],
  'a key that climbs': ['supply/data/a%2F..%2Fb', {}, 'key'],
  'a key that is two dots, encoded twice over': ['supply/data/%2E%2E%2Fb', {}, 'key'],
  'an idempotency key with a space': [
    'supply/data/a',
    { 'idempotency-key': 'a b' },
    'idempotency-key',
  ],
  'an idempotency key that is too long': [
    'supply/data/a',
    { 'idempotency-key': 'a'.repeat(129) },
    'idempotency-key',
  ],
  'a tier that is none': ['supply/data/a', { 'selvedge-tier': 'tape' }, 'selvedge-tier'],
};
for (const [kind, [path, headers, field]] of Object.entries(bad)) {
  test(`a put with ${kind} is refused before a function hears of it`, async (t) => {
    const { seen, listener } = recorder();
    const { url } = await startGateway(t, listener);
    const answer = await fetch(`${url}/v1/networks/${path}`, {
      method: 'PUT',
      headers: { ...bearer, ...headers },
      body: 'x',
    });
    const problem = (await answer.json()) as { errors: { path: string }[] };
    t.is(answer.status, 400);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.deepEqual([...new Set(problem.errors.map((fault) => fault.path))], [field]);
    t.deepEqual(seen, []);
  });
}

test('all bad fields of a request are named at once', async (t) => {
  const { url } = await startGateway(t);
  const answer = await fetch(`${url}/v1/networks/X/data/%00`, {
    method: 'PUT',
    headers: { ...bearer, 'selvedge-tier': 'tape' },
  });
  const problem = (await answer.json()) as { errors: { path: string }[] };
  t.deepEqual(problem.errors.map((fault) => fault.path).sort(), [
    'key',
    'network',
    'selvedge-tier',
  ]);
});

test('a body with a content coding is refused: the coding would be lost', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const answer = await fetch(`${url}/v1/networks/supply/data/a`, {
    method: 'PUT',
    headers: { ...bearer, 'content-encoding': 'gzip' },
    body: 'x',
  });
  t.is(answer.status, 415);
  t.deepEqual(seen, []);
});

test('a key that is not percent-encoded UTF-8 is refused', async (t) => {
  const { url } = await startGateway(t);
  const answer = await fetch(`${url}/v1/networks/supply/data/%FF`, { headers: bearer });
  t.is(answer.status, 400);
  t.regex(answer.headers.get('content-type')!, /^application\/problem\+json/);
});

test('a read asks for the content and passes what describes it', async (t) => {
  let headers: IncomingHttpHeaders = {};
  const { url } = await startGateway(t, (request, response) => {
    headers = request.headers;
    response.writeHead(200, {
      'content-type': 'text/html',
      'selvedge-version': '3',
      'selvedge-digest': 'sha256:00',
      'selvedge-transaction': 'tx',
      'set-cookie': 'a=b',
    });
    response.end('<script>');
  });
  const answer = await fetch(`${url}/v1/networks/supply/data/a%2Fb?version=3`, { headers: bearer });
  t.is(answer.status, 200);
  t.is(await answer.text(), '<script>');
  t.like(Object.fromEntries(answer.headers), {
    'content-type': 'text/html',
    'selvedge-version': '3',
    'selvedge-digest': 'sha256:00',
    'selvedge-transaction': 'tx',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'set-cookie': undefined,
  });
  t.like(headers, {
    'ce-type': 'dev.selvedge.data.get.v1',
    'ce-network': 'supply',
    'ce-key': 'a/b',
    'ce-dataversion': '3',
    'ce-view': 'content',
    authorization: bearer.authorization,
  });
});

test('HEAD gives the headers of a read with the length of the plaintext', async (t) => {
  let view: unknown;
  const { url } = await startGateway(t, (request, response) => {
    view = request.headers['ce-view'];
    response.writeHead(200, { 'content-type': 'text/csv', 'selvedge-size': '12345' }).end();
  });
  const answer = await fetch(`${url}/v1/networks/supply/data/a`, {
    method: 'HEAD',
    headers: bearer,
  });
  t.is(view, 'head');
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-length'), '12345');
  t.is(answer.headers.get('content-type'), 'text/csv');
});

test('the receipt is asked for as a view of its own', async (t) => {
  let headers: IncomingHttpHeaders = {};
  const { url } = await startGateway(t, (request, response) => {
    headers = request.headers;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"verified":true}');
  });
  const answer = await fetch(`${url}/v1/networks/supply/data/a/receipt`, { headers: bearer });
  t.deepEqual(await answer.json(), { verified: true });
  t.is(headers['ce-view'], 'receipt');
  t.is(headers['ce-dataversion'], undefined);
});

for (const version of ['0', '-1', '1.5', '1e3', '0x1', '', 'new', '9'.repeat(17)]) {
  test(`the version ${JSON.stringify(version)} is refused`, async (t) => {
    const { url } = await startGateway(t);
    const answer = await fetch(`${url}/v1/networks/supply/data/a?version=${version}`, {
      headers: bearer,
    });
    t.is(answer.status, 400);
  });
}

for (const [method, path] of [
  ['PUT', 'v1/networks/supply/data/a'],
  ['GET', 'v1/networks/supply/data/a'],
  ['HEAD', 'v1/networks/supply/data/a'],
  ['GET', 'v1/networks/supply/data/a/receipt'],
  ['GET', 'v1/networks/supply/data/a/versions'],
  ['PUT', 'V1/networks/supply/data/a'],
  ['PUT', '/v1/networks/supply/data/a'],
  ['PUT', 'v1/networks/supply/data/a/'],
] as const) {
  test(`${method} ${path} without a token is refused before a function hears of it`, async (t) => {
    const { seen, listener } = recorder();
    const { url } = await startGateway(t, listener);
    const answer = await fetch(`${url}/${path}`, { method });
    t.is(answer.status, 401);
    t.is(answer.headers.get('www-authenticate'), 'Bearer realm="selvedge"');
    t.deepEqual(seen, []);
  });
}

test('a body that the function would take for an event of its own is refused', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  for (const type of ['application/cloudevents+json', 'Application/CloudEvents-Batch+json']) {
    const answer = await fetch(`${url}/v1/networks/supply/data/a`, {
      method: 'PUT',
      headers: { ...bearer, 'content-type': type },
      body: JSON.stringify({ type: 'dev.selvedge.data.put.v1', network: 'other', key: 'b' }),
    });
    t.is(answer.status, 415);
  }
  t.deepEqual(seen, []);
});

test('a put has a name to ask by, whatever becomes of it', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const put = (headers: Record<string, string>) =>
    fetch(`${url}/v1/networks/supply/data/a`, {
      method: 'PUT',
      headers: { ...bearer, ...headers },
      body: 'x',
    });
  t.is((await put({ 'idempotency-key': 'mine' })).headers.get('idempotency-key'), 'mine');
  const given = (await put({})).headers.get('idempotency-key');
  t.is(given, seen[1]?.headers['ce-idempotencykey'] as string);
  t.not((await put({})).headers.get('idempotency-key'), given);
});

test('a put that nobody answers may be done: its fate is open', async (t) => {
  const { url } = await startGateway(t, undefined, { dataUrl: 'http://127.0.0.1:9' });
  const answer = await fetch(`${url}/v1/networks/supply/data/a`, {
    method: 'PUT',
    headers: bearer,
    body: 'x',
  });
  t.is(answer.status, 503);
  t.like(await answer.json(), { type: 'https://selvedge.dev/problems/fate-open' });
  t.truthy(answer.headers.get('idempotency-key'));
  t.truthy(answer.headers.get('retry-after'));
});
