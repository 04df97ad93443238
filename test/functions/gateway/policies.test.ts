import test from 'ava';
import { bearer, recording, startGateway } from './gateway.ts';

/** A function that keeps what came and answers as for edition 3. */
const recorder = () =>
  recording((response) => {
    const type = 'text/plain; charset=utf-8';
    response.writeHead(200, { 'content-type': type, etag: '"3"', 'selvedge-edition': '3' });
    response.end('permit (principal, action, resource);');
  });

const path = '/v1/networks/supply/data/a%2Fb/policy';
const plain = { ...bearer, 'content-type': 'text/plain; charset=UTF-8' };
const cedar = 'permit (principal, action, resource); // ü';

test('a policy is read from data-get, with its entity tag', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const answer = await fetch(url + path, { headers: bearer });
  t.is(await answer.text(), 'permit (principal, action, resource);');
  t.is(answer.headers.get('etag'), '"3"');
  t.is(answer.headers.get('selvedge-edition'), '3');
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.is(seen[0]?.url, '/get');
  t.like(seen[0]?.headers, {
    ...{ 'ce-type': 'dev.selvedge.data.get.v1', 'ce-view': 'policy', 'ce-key': 'a/b' },
    authorization: bearer.authorization,
  });
});

test('a policy is put by data-put, byte for byte, in place of the one that is meant', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const headers = { ...plain, 'if-match': '"2", "3"' };
  const answer = await fetch(url + path, { method: 'PUT', headers, body: cedar });
  t.is(answer.status, 200);
  t.is(answer.headers.get('etag'), '"3"');
  t.like(seen[0], { url: '/put', body: cedar });
  t.like(seen[0]?.headers, {
    ...{ 'ce-type': 'dev.selvedge.policy.put.v1', 'ce-network': 'supply', 'ce-key': 'a/b' },
    'ce-ifmatch': '%222%22,%20%223%22',
    'content-length': String(Buffer.byteLength(cedar)),
  });
});

test('a check is asked of data-get', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const body = JSON.stringify({ caller: { sub: 'bob' }, action: 'read' });
  const headers = { ...bearer, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}/check`, { method: 'POST', headers, body });
  t.is(answer.status, 200);
  t.like(seen[0], { url: '/get', body });
  t.is(seen[0]?.headers['ce-type'], 'dev.selvedge.policy.check.v1');
});

test('a function that gives no answer to a policy may have put it in force', async (t) => {
  const { url } = await startGateway(t, (request) => void request.socket.destroy());
  const answer = await fetch(url + path, { method: 'PUT', headers: plain, body: cedar });
  t.is(answer.status, 503);
  t.like(await answer.json(), { type: 'https://selvedge.dev/problems/fate-open' });
});

const bad: Record<string, [status: number, more: string, init: RequestInit]> = {
  'a policy of another type': [
    415,
    '',
    { method: 'PUT', headers: { ...bearer, 'content-type': 'application/json' } },
  ],
  'a policy in another charset': [
    415,
    '',
    { method: 'PUT', headers: { ...bearer, 'content-type': 'text/plain; charset=latin1' } },
  ],
  'a policy that is compressed': [
    415,
    '',
    { method: 'PUT', headers: { ...plain, 'content-encoding': 'gzip' } },
  ],
  'a policy as an event of its own': [
    415,
    '',
    { method: 'PUT', headers: { ...bearer, 'content-type': 'application/cloudevents+json' } },
  ],
  'a policy that is too large': [
    413,
    '',
    { method: 'PUT', headers: plain, body: 'x'.repeat(65_537) },
  ],
  'a check as text': [415, '/check', { method: 'POST', headers: plain }],
  'a check with a GET': [405, '/check', { headers: bearer }],
};
for (const [name, [status, more, init]] of Object.entries(bad)) {
  test(`${name} is refused with ${status}, and no function hears of it`, async (t) => {
    const { seen, listener } = recorder();
    const { url } = await startGateway(t, listener);
    const withBody = init.method === undefined ? init : { body: cedar, ...init };
    const answer = await fetch(url + path + more, withBody);
    t.is(answer.status, status);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.deepEqual(seen, []);
  });
}
