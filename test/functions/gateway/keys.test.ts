import test from 'ava';
import { bearer, recording, startGateway } from './gateway.ts';

const path = '/v1/me/key';

test('a caller is told of its own key by the function that looks after them', async (t) => {
  const told = { state: 'active', versions: [{ version: 1, createdAt: '2026-01-02T03:04:05Z' }] };
  const { seen, listener } = recording((response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told));
  });
  const { url } = await startGateway(t, listener);
  const answer = await fetch(url + path, { headers: bearer });
  t.is(answer.status, 200);
  t.deepEqual(await answer.json(), told);
  t.is(seen[0]?.url, '/keys');
  t.like(seen[0]?.headers, {
    'ce-type': 'dev.selvedge.key.get.v1',
    authorization: bearer.authorization,
  });
});

test('a caller has its own key destroyed', async (t) => {
  const { seen, listener } = recording((response) => void response.writeHead(204).end());
  const { url } = await startGateway(t, listener);
  const answer = await fetch(url + path, { method: 'DELETE', headers: bearer });
  t.is(answer.status, 204);
  t.is(await answer.text(), '');
  t.is(seen.length, 1);
  t.is(seen[0]?.url, '/keys');
  t.like(seen[0]?.headers, {
    'ce-type': 'dev.selvedge.key.destroy.v1',
    authorization: bearer.authorization,
  });
});

test('a caller has its own key rotated', async (t) => {
  const { seen, listener } = recording((response) => {
    response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
  });
  const { url } = await startGateway(t, listener);
  const answer = await fetch(`${url}${path}/rotate`, { method: 'POST', headers: bearer });
  t.is(answer.status, 202);
  t.is(seen[0]?.url, '/keys');
  t.like(seen[0]?.headers, { 'ce-type': 'dev.selvedge.key.rotate.v1' });
});

test('a function that gives no answer to a destruction may have done it', async (t) => {
  const { url } = await startGateway(t, (request) => void request.socket.destroy());
  const answer = await fetch(url + path, { method: 'DELETE', headers: bearer });
  t.is(answer.status, 503);
  t.like(await answer.json(), { type: 'https://selvedge.dev/problems/fate-open' });
});

test('without a token no key is touched', async (t) => {
  const { url } = await startGateway(t, () => t.fail());
  t.is((await fetch(url + path, { method: 'DELETE' })).status, 401);
});
