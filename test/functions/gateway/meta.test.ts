import test from 'ava';
import { policySchema } from '../../../functions/lib/data/policy-schema.ts';
import { bearer, startGateway } from './gateway.ts';

test('probes need no token, and readiness ends with the gateway', async (t) => {
  const { url, end } = await startGateway(t);
  t.is((await fetch(`${url}/healthz`)).status, 200);
  t.is((await fetch(`${url}/readyz`)).status, 200);
  end();
  t.is((await fetch(`${url}/readyz`)).status, 503);
  t.is((await fetch(`${url}/healthz`)).status, 200);
});

test('requests are counted by route, never by path', async (t) => {
  const { url } = await startGateway(t);
  await fetch(`${url}/v1/networks/supply/data/secret-key`, { headers: bearer });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.regex(metrics, /selvedge_http_seconds_count\{.*route="\/v1\/networks\/:network\/data\/:key"/);
  t.notRegex(metrics, /secret-key/);
});

for (const [method, path] of [
  ['GET', '/'],
  ['GET', '/v1/networks/supply/data/a/policies'],
  ['POST', '/v1/me/key/renew'],
  ['GET', '/V1/networks'],
] as const) {
  test(`${method} ${path} is no route: 404 as a problem document`, async (t) => {
    const { url } = await startGateway(t);
    const answer = await fetch(url + path, { method, headers: bearer });
    t.is(answer.status, 404);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    const id = answer.headers.get('x-request-id');
    t.deepEqual(await answer.json(), {
      type: 'https://selvedge.dev/problems/not-found',
      title: 'There is no such thing',
      status: 404,
      detail: `there is no route ${method} ${path}`,
      instance: `urn:request:${id}`,
    });
  });
}

test('what is wrong inside is a problem without its cause, which is in the log', async (t) => {
  const { url, networks, lines } = await startGateway(t);
  networks.fault = new TypeError('the inner secret');
  const answer = await fetch(`${url}/v1/networks/supply`, { headers: bearer });
  const text = await answer.text();
  t.is(answer.status, 500);
  t.notRegex(text, /inner secret|node_modules|\.ts/);
  t.true(lines().some((line) => JSON.stringify(line).includes('inner secret')));
});

test("a caller's request id is taken when it is a plain token, else a new one is made", async (t) => {
  const { url } = await startGateway(t);
  const id = async (given: string) =>
    (await fetch(`${url}/healthz`, { headers: { 'x-request-id': given } })).headers.get(
      'x-request-id',
    );
  t.is(await id('abc-1'), 'abc-1');
  for (const given of ['a b', 'x'.repeat(65), '"', ''])
    t.regex((await id(given))!, /^[0-9a-f-]{36}$/);
});

test('the log has a line per request, without tokens, keys or bodies', async (t) => {
  const { url, lines } = await startGateway(t);
  await fetch(`${url}/v1/networks/supply/data/private-key?version=1`, { headers: bearer });
  await fetch(`${url}/v1/networks/supply/data/private-key`, {
    method: 'PUT',
    headers: { authorization: 'Bearer wrong-token' },
    body: 'private-body',
  });
  const answered = lines().filter((line) => line['msg'] === 'answered');
  t.like(answered[0], {
    method: 'GET',
    route: '/v1/networks/:network/data/:key',
    network: 'supply',
    user: 'a1',
    status: 200,
  });
  t.is(answered[1]?.['status'], 401);
  t.notRegex(JSON.stringify(lines()), /private|wrong-token|Bearer alice/);
});

test('the schema of policies is given out without a token, as it is validated against', async (t) => {
  const { url } = await startGateway(t);
  const answer = await fetch(`${url}/v1/policy-schema`);
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.is(await answer.text(), policySchema);
});
