import test from 'ava';
import { batchLimits } from '../../../functions/lib/batch.ts';
import { bearer, recording, startGateway } from './gateway.ts';

const items = [{ line: 1, key: 'a', status: 403, problem: { type: 'x' } }];
const recorder = () =>
  recording((response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'selvedge-fate': 'open' });
    response.end(JSON.stringify({ items }));
  });

const ndjson = { ...bearer, 'content-type': 'application/x-ndjson' };
const line = '{"key":"a","value":1}\n';

test('a batch is one event, and its answer comes back as it is', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const answer = await fetch(`${url}/v1/networks/supply/data:batch`, {
    method: 'POST',
    headers: { ...ndjson, 'idempotency-key': 'once-1' },
    body: line,
  });
  t.is(answer.status, 200);
  t.deepEqual(await answer.json(), { items });
  t.is(answer.headers.get('selvedge-fate'), 'open');
  t.is(answer.headers.get('idempotency-key'), 'once-1');
  const [{ url: path, headers, body }] = seen as [(typeof seen)[0]];
  t.is(path, '/put');
  t.is(body, line);
  t.like(headers, {
    'ce-type': 'dev.selvedge.batch.put.v1',
    'ce-network': 'supply',
    'ce-idempotencykey': 'once-1',
    authorization: bearer.authorization,
  });
});

test('a batch without a name is given one', async (t) => {
  const { seen, listener } = recorder();
  const { url } = await startGateway(t, listener);
  const path = `${url}/v1/networks/supply/data:batch`;
  const answer = await fetch(path, { method: 'POST', headers: ndjson, body: line });
  const name = answer.headers.get('idempotency-key');
  t.regex(name ?? '', /^[0-9a-f-]{36}$/);
  t.is(seen[0]?.headers['ce-idempotencykey'], name ?? '');
});

const refused: Record<string, [headers: Record<string, string>, body: string, status: number]> = {
  'as JSON': [{ 'content-type': 'application/json' }, line, 415],
  'as an event': [{ 'content-type': 'application/cloudevents+json' }, line, 415],
  compressed: [{ 'content-encoding': 'gzip' }, line, 415],
  'of too many bytes': [{}, ' '.repeat(batchLimits.bytes + 1), 413],
  'under a name with a space': [{ 'idempotency-key': 'a b' }, line, 400],
};

for (const [what, [headers, body, status]] of Object.entries(refused)) {
  test(`a batch ${what} is refused before it reaches the function`, async (t) => {
    const { seen, listener } = recorder();
    const { url } = await startGateway(t, listener);
    const answer = await fetch(`${url}/v1/networks/supply/data:batch`, {
      method: 'POST',
      headers: { ...ndjson, ...headers },
      body,
    });
    t.is(answer.status, status);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.is(seen.length, 0);
  });
}
