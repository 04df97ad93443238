import test from 'ava';
import { bearer, recording, startGateway } from './gateway.ts';

/** A function that keeps what came and answers with `status` and JSON. */
const recorder = (status = 200) =>
  recording((response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"mspId":"M"}');
  });

const path = '/v1/networks/supply/organizations/farm';
const asJson = { ...bearer, 'content-type': 'application/json' };

test('an identity is asked of provisioning, with the caller’s token', async (t) => {
  const { seen, listener } = recorder(201);
  const { url } = await startGateway(t, listener);
  const body = '{"csr":"…"}';
  const init = { method: 'POST', headers: asJson, body };
  const answer = await fetch(`${url}${path}/identities`, init);
  t.is(answer.status, 201);
  t.deepEqual(await answer.json(), { mspId: 'M' });
  t.is(answer.headers.get('cache-control'), 'no-store');
  t.like(seen[0], { url: '/provisioning', body });
  t.like(seen[0]?.headers, {
    ...{ 'ce-type': 'dev.selvedge.identity.issue.v1', 'ce-network': 'supply' },
    ...{ 'ce-organization': 'farm', authorization: bearer.authorization },
  });
});

test('a connection is asked of provisioning, with the caller’s token', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const answer = await fetch(`${url}${path}/connection`, { headers: bearer });
  t.is(answer.status, 200);
  t.like(seen[0], { url: '/provisioning', body: '' });
  t.like(seen[0]?.headers, {
    ...{ 'ce-type': 'dev.selvedge.connection.get.v1', 'ce-network': 'supply' },
    ...{ 'ce-organization': 'farm', authorization: bearer.authorization },
  });
});

test('what provisioning refuses is told as it says it', async (t) => {
  const problem = {
    type: 'https://selvedge.dev/problems/unprocessable',
    title: 'The request was understood and refused',
    status: 422,
    detail: 'the key of the request must be ECDSA of P-256 or P-384',
  };
  const { url } = await startGateway(t, (_request, response) => {
    response.writeHead(422, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem));
  });
  const init = { method: 'POST', headers: asJson, body: '{}' };
  const answer = await fetch(`${url}${path}/identities`, init);
  t.is(answer.status, 422);
  t.like(await answer.json(), problem);
});

const bad: Record<string, [status: number, path: string, init: RequestInit]> = {
  'a request as text': [
    415,
    `${path}/identities`,
    { method: 'POST', headers: { ...bearer, 'content-type': 'text/plain' }, body: '{}' },
  ],
  'a request as an event of its own': [
    415,
    `${path}/identities`,
    {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/cloudevents+json' },
      body: '{}',
    },
  ],
  'a request that is too large': [
    413,
    `${path}/identities`,
    { method: 'POST', headers: asJson, body: 'x'.repeat(65_537) },
  ],
  'an identity without a token': [401, `${path}/identities`, { method: 'POST', body: '{}' }],
  'a connection without a token': [401, `${path}/connection`, {}],
  'a list of identities': [405, `${path}/identities`, { headers: bearer }],
  'an organization that climbs': [
    400,
    '/v1/networks/supply/organizations/..%2Fshop/connection',
    { headers: bearer },
  ],
};
for (const [name, [status, where, init]] of Object.entries(bad)) {
  test(`${name} is refused with ${status}, and no function hears of it`, async (t) => {
    const { seen, listener } = recorder();
    const { url } = await startGateway(t, listener);
    const answer = await fetch(url + where, init);
    t.is(answer.status, status);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.deepEqual(seen, []);
  });
}
