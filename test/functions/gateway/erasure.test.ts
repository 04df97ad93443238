import type { IncomingHttpHeaders } from 'node:http';
import test from 'ava';
import { bearer, startGateway } from './gateway.ts';

const path = '/v1/networks/supply/data/a%2Fb';
const erase = (url: string): Promise<Response> =>
  fetch(url + path, { method: 'DELETE', headers: bearer });

test('a datum is erased by data-put, which says by which transaction', async (t) => {
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const { url } = await startGateway(t, ({ url: to, headers }, response) => {
    seen.push({ url: to, headers });
    response.writeHead(204, { 'selvedge-transaction': 'tx' }).end();
  });
  const answer = await erase(url);
  t.is(answer.status, 204);
  t.is(answer.headers.get('selvedge-transaction'), 'tx');
  t.is(await answer.text(), '');
  t.is(seen.length, 1);
  t.is(seen[0]?.url, '/put');
  t.like(seen[0]?.headers, {
    ...{ 'ce-type': 'dev.selvedge.data.erase.v1', 'ce-network': 'supply', 'ce-key': 'a/b' },
    authorization: bearer.authorization,
  });
});

test('a function that gives no answer to an erasure may have done it', async (t) => {
  const { url } = await startGateway(t, (request) => void request.socket.destroy());
  const answer = await erase(url);
  t.is(answer.status, 503);
  t.like(await answer.json(), { type: 'https://selvedge.dev/problems/fate-open' });
});

for (const condition of ['If-Match', 'If-None-Match']) {
  test(`an erasure under ${condition} is refused, and no function hears of it`, async (t) => {
    const { url } = await startGateway(t, () => t.fail());
    const headers = { ...bearer, [condition]: '"3-abc"' };
    const answer = await fetch(url + path, { method: 'DELETE', headers });
    t.is(answer.status, 400);
    t.like(await answer.json(), {
      detail: 'an erasure is of every version: it takes no condition',
    });
  });
}

test('what no datum can be called is refused, and no function hears of it', async (t) => {
  let heard = 0;
  const { url } = await startGateway(t, (_request, response) => {
    heard++;
    response.end();
  });
  const address = `${url}/v1/networks/supply/data/a%2F%2Fb`;
  t.is((await fetch(address, { method: 'DELETE', headers: bearer })).status, 400);
  t.is(heard, 0);
});
