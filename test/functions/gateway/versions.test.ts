/** Which version, how much of it, and whether at all: what callers say of it goes along, and the answer back. */
import type { IncomingHttpHeaders } from 'node:http';
import test from 'ava';
import { bearer, startGateway } from './gateway.ts';

test('conditions go along, and that nothing has changed comes back without a body', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const { url } = await startGateway(t, (request, response) => {
    seen.push(request.headers);
    response.writeHead(304, { etag: '"1-ab"', 'selvedge-size': '7' }).end();
  });
  const conditions = { 'if-match': '"1-ab", "2-cd"', 'if-none-match': 'W/"1-ab"' };
  for (const method of ['GET', 'HEAD']) {
    const headers = { ...bearer, ...conditions };
    const answer = await fetch(`${url}/v1/networks/supply/data/a`, { method, headers });
    t.is(answer.status, 304);
    t.is(answer.headers.get('etag'), '"1-ab"');
    t.is(await answer.text(), '');
    t.like(seen.at(-1), {
      'ce-ifmatch': '%221-ab%22,%20%222-cd%22',
      'ce-ifnonematch': 'W/%221-ab%22',
    });
  }
  await fetch(`${url}/v1/networks/supply/data/a`, { headers: bearer });
  t.like(seen.at(-1), { 'ce-ifmatch': undefined, 'ce-ifnonematch': undefined });
});

test('a range is asked for of the content alone, and comes back as one', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const { url } = await startGateway(t, (request, response) => {
    seen.push(request.headers);
    const part = { 'content-range': 'bytes 1-2/7', 'accept-ranges': 'bytes', 'content-length': 2 };
    response.writeHead(206, part).end('bc');
  });
  const headers = { ...bearer, range: 'bytes=1-2', 'if-range': '"1-ab"' };
  const answer = await fetch(`${url}/v1/networks/supply/data/a`, { headers });
  t.is(answer.status, 206);
  t.is(await answer.text(), 'bc');
  t.like(Object.fromEntries(answer.headers), {
    ...{ 'content-range': 'bytes 1-2/7', 'accept-ranges': 'bytes', 'content-length': '2' },
  });
  t.like(seen.at(-1), { 'ce-range': 'bytes=1-2', 'ce-ifrange': '%221-ab%22' });
  for (const [method, path] of [
    ['HEAD', 'a'],
    ['GET', 'a/receipt'],
  ] as const) {
    await fetch(`${url}/v1/networks/supply/data/${path}`, { method, headers });
    t.like(seen.at(-1), { 'ce-range': undefined, 'ce-ifrange': undefined });
  }
});

test('a range of which there is nothing is refused with how much there is', async (t) => {
  const problem = { type: 'x', title: 'y', status: 416, detail: 'z', size: 7 };
  const { url } = await startGateway(t, (_request, response) => {
    response.writeHead(416, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem));
  });
  const headers = { ...bearer, range: 'bytes=7-' };
  const answer = await fetch(`${url}/v1/networks/supply/data/a`, { headers });
  t.is(answer.status, 416);
  t.is(answer.headers.get('content-range'), 'bytes */7');
  t.like(await answer.json(), problem);
});

test('a put takes its conditions along, and gives the entity tag of what it stored', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const { url } = await startGateway(t, (request, response) => {
    seen.push(request.headers);
    response.writeHead(201, { 'content-type': 'application/json', etag: '"2-ab"' }).end('{}');
  });
  const put = (headers: Record<string, string>) =>
    fetch(`${url}/v1/networks/supply/data/a`, {
      method: 'PUT',
      headers: { ...bearer, ...headers },
    });
  const answer = await put({ 'if-match': '"1-ab"' });
  t.is(answer.headers.get('etag'), '"2-ab"');
  t.like(seen.at(-1), { 'ce-ifmatch': '%221-ab%22', 'ce-ifnonematch': undefined });
  await put({ 'if-none-match': '*' });
  t.like(seen.at(-1), { 'ce-ifmatch': undefined, 'ce-ifnonematch': '*' });
  // What is given and not meant would be stored without a condition.
  t.is((await put({ 'if-none-match': '"1-ab"' })).status, 400);
  t.is(seen.length, 2);
});

test('a page of data is asked for by an event of its own', async (t) => {
  let headers: IncomingHttpHeaders = {};
  const { url } = await startGateway(t, (request, response) => {
    headers = request.headers;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}');
  });
  const path = `${url}/v1/networks/supply/data`;
  const answer = await fetch(`${path}?prefix=a%2F%E2%98%83&limit=5&cursor=YQ`, { headers: bearer });
  t.deepEqual(await answer.json(), { items: [] });
  t.like(headers, {
    ...{ 'ce-type': 'dev.selvedge.data.list.v1', 'ce-network': 'supply', 'ce-key': undefined },
    ...{ 'ce-prefix': 'a/%E2%98%83', 'ce-limit': '5', 'ce-cursor': 'YQ' },
  });
  for (const query of ['limit=0', 'limit=101', 'cursor=', 'cursor=%2B', 'prefix=%00']) {
    t.is((await fetch(`${path}?${query}`, { headers: bearer })).status, 400, query);
  }
  t.is((await fetch(path)).status, 401);
});

test('a page of versions is asked for by an event of its own', async (t) => {
  let headers: IncomingHttpHeaders = {};
  const { url } = await startGateway(t, (request, response) => {
    headers = request.headers;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}');
  });
  const path = `${url}/v1/networks/supply/data/a%2Fb/versions`;
  const answer = await fetch(`${path}?limit=100&cursor=7`, { headers: bearer });
  t.deepEqual(await answer.json(), { items: [] });
  t.like(headers, {
    'ce-type': 'dev.selvedge.versions.list.v1',
    ...{ 'ce-network': 'supply', 'ce-key': 'a/b', 'ce-limit': '100', 'ce-before': '7' },
  });
  await fetch(path, { headers: bearer });
  t.like(headers, { 'ce-limit': undefined, 'ce-before': undefined });
  for (const query of ['limit=0', 'limit=101', 'limit=1.5', 'limit=', 'cursor=0', 'cursor=x']) {
    t.is((await fetch(`${path}?${query}`, { headers: bearer })).status, 400, query);
  }
});
