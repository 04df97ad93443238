import { connect } from 'node:net';
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { bearer, startGateway } from './gateway.ts';

const MiB = 1024 * 1024;
const datum = '/v1/networks/supply/data/a';

/** `count` MiB, made only as fast as they are taken; `made` hears of each part. */
function mebibytes(count: number, made: (bytes: number) => void = () => undefined): Readable {
  const chunk = Buffer.alloc(MiB / 4, 7);
  return Readable.from(
    (function* () {
      for (let n = 0; n < 4 * count; n++) {
        made(chunk.length);
        yield chunk;
      }
    })(),
  );
}

/** Sends `body` as PUT in chunks, without fetch's own buffering. */
function put(url: string, body: Readable, headers: Record<string, string> = {}) {
  const request = httpRequest(url + datum, { method: 'PUT', headers: { ...bearer, ...headers } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  body.pipe(request);
  return { request, answered };
}

const problemOf = async (answer: IncomingMessage) =>
  JSON.parse(await text(answer)) as Record<string, unknown>;

/** Resolves once `count` has not grown for a while: whatever fills it is held up. */
async function heldUp(count: () => number): Promise<number> {
  for (let last = -1; ;) {
    await delay(150);
    if (count() === last) return last;
    last = count();
  }
}

/** What kernels buffer on two hops, and then some; far below what is sent. */
const mostHeld = 48 * MiB;
const sentMiB = 128;

test('a put goes at the pace of the function: memory is bounded whatever the size', async (t) => {
  let produced = 0;
  let received = 0;
  const reached = Promise.withResolvers<() => void>();
  const listener: RequestListener = (request, response) => {
    reached.resolve(() => {
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => response.writeHead(201).end('{}'));
    });
  };
  const { url } = await startGateway(t, listener, { timeoutMs: 60_000 });
  const { answered } = put(
    url,
    mebibytes(sentMiB, (bytes) => (produced += bytes)),
  );
  const held = await heldUp(() => produced);
  t.true(held > 0 && held < mostHeld, `held up at ${held}`);
  const read = await reached.promise;
  read();
  const answer = await answered;
  t.is(answer.statusCode, 201);
  t.is(received, sentMiB * MiB);
});

test('a get goes at the pace of the reader: memory is bounded whatever the size', async (t) => {
  let produced = 0;
  const { url } = await startGateway(
    t,
    (_request, response) => void mebibytes(sentMiB, (bytes) => (produced += bytes)).pipe(response),
    { timeoutMs: 60_000 },
  );
  const answer = await new Promise<IncomingMessage>((resolve) =>
    httpRequest(url + datum, { headers: bearer }, resolve).end(),
  );
  const held = await heldUp(() => produced);
  t.true(held > 0 && held < mostHeld, `held up at ${held}`);
  let received = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) received += chunk.length;
  t.is(received, sentMiB * MiB);
});

test('a caller who leaves in mid-upload breaks off the upload to the function too', async (t) => {
  let end: (how: string) => void;
  const ended = new Promise<string>((resolve) => (end = resolve));
  let arrived: () => void;
  const begun = new Promise<void>((resolve) => (arrived = resolve));
  const { url, lines } = await startGateway(t, (request) => {
    request.once('data', () => arrived());
    request.on('error', () => undefined).on('end', () => end('whole'));
    request.on('close', () => end('broken off'));
  });
  const body = new Readable({ read: () => undefined });
  body.push(Buffer.alloc(1000));
  const { request, answered } = put(url, body, { 'content-length': `${2 * MiB}` });
  answered.catch(() => undefined);
  await begun;
  request.destroy();
  t.is(await ended, 'broken off');
  while (!lines().some((line) => line['status'] === 499)) await delay(5);
  t.pass();
});

test('of a small body the function sees all or nothing', async (t) => {
  let calls = 0;
  const { url, lines } = await startGateway(t, () => calls++);
  const body = new Readable({ read: () => undefined });
  const headers = { 'content-length': '5000', expect: '100-continue' };
  const { request, answered } = put(url, body, headers);
  answered.catch(() => undefined);
  request.flushHeaders();
  await new Promise((resolve) => request.once('continue', resolve));
  request.write(Buffer.alloc(1000));
  request.destroy();
  while (!lines().some((line) => line['status'] === 499)) await delay(5);
  t.is(calls, 0);
});

test('a caller who leaves in mid-download ends the call to the function', async (t) => {
  let end: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const { url } = await startGateway(t, (_request, response) => {
    response.once('close', () => end());
    response.write('first');
  });
  const controller = new AbortController();
  const answer = await fetch(url + datum, { headers: bearer, signal: controller.signal });
  await answer.body?.getReader().read();
  controller.abort();
  await ended;
  t.pass();
});

test('a function that breaks off leaves the caller with an answer that is not whole', async (t) => {
  const { url } = await startGateway(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('half', () => response.destroy());
  });
  const answer = await fetch(url + datum, { headers: bearer });
  t.is(answer.status, 200);
  await t.throwsAsync(answer.text());
});

test('a body announced over the limit is refused unread', async (t) => {
  let calls = 0;
  const { url } = await startGateway(t, () => calls++, { maxBodyBytes: 1000 });
  const answer = await put(url, mebibytes(1), { 'content-length': `${MiB}` }).answered;
  t.is(answer.statusCode, 413);
  t.like(await problemOf(answer), {
    type: 'https://selvedge.dev/problems/too-large',
    limit: 1000,
  });
  t.is(calls, 0);
});

test('a body that grows over the limit is refused, and the function sees it broken off', async (t) => {
  let end: (how: string) => void;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const gateway = await startGateway(
    t,
    (request) => {
      request.on('error', () => undefined).on('end', () => end('whole'));
      request.on('close', () => end('broken off')).resume();
    },
    { maxBodyBytes: MiB },
  );
  const answer = await put(gateway.url, mebibytes(4)).answered;
  t.is(answer.statusCode, 413);
  t.is((await problemOf(answer))['limit'], MiB);
  t.is(await ended, 'broken off');
});

test('a caller that waits to be asked is refused before it sends its body', async (t) => {
  const { url } = await startGateway(t);
  const request = httpRequest(url + datum, {
    method: 'PUT',
    headers: { expect: '100-continue', 'content-length': `${MiB}` },
  });
  request.on('continue', () => t.fail());
  const answer = await new Promise<IncomingMessage>((resolve) =>
    request.once('response', resolve).flushHeaders(),
  );
  t.is(answer.statusCode, 401);
  request.destroy();
});

test('a caller that waits to be asked is asked once it is let in', async (t) => {
  const { url } = await startGateway(t, (request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
  });
  const request = httpRequest(url + datum, {
    method: 'PUT',
    headers: { ...bearer, expect: '100-continue', 'content-length': '4' },
  });
  request.flushHeaders();
  await new Promise<void>((resolve) => request.once('continue', resolve));
  request.end('data');
  const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
  t.is(answer.statusCode, 201);
  answer.resume();
});

test('a refusal in mid-upload reaches a caller that goes on sending', async (t) => {
  const { url } = await startGateway(t, (request, response) => {
    request.once('data', () => {
      const problem = { type: 'https://x/forbidden', title: 'No', status: 403, detail: 'no' };
      response.writeHead(403, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(problem));
    });
  });
  const answer = await put(url, mebibytes(16)).answered;
  t.is(answer.statusCode, 403);
  t.is((await problemOf(answer))['detail'], 'no');
});

test("a function's problem goes to the caller with its status and Retry-After", async (t) => {
  const { url } = await startGateway(t, (request, response) => {
    request.resume();
    response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '7' });
    const problem = { type: 'https://x/unavailable', title: 'T', detail: 'sealed', extra: [1] };
    response.end(JSON.stringify({ ...problem, status: 503 }));
  });
  const answer = await fetch(url + datum, { method: 'PUT', headers: bearer, body: 'x' });
  t.is(answer.status, 503);
  t.is(answer.headers.get('retry-after'), '7');
  t.like(await answer.json(), { detail: 'sealed', extra: [1], status: 503 });
});

test('what the platform answers in place of a function is 503 with Retry-After', async (t) => {
  for (const status of [404, 429, 500, 502, 503]) {
    const { url } = await startGateway(t, (request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'text/plain' }).end('no healthy upstream');
    });
    const answer = await fetch(url + datum, { method: 'PUT', headers: bearer, body: 'x' });
    t.is(answer.status, 503, `for ${status}`);
    t.is(answer.headers.get('retry-after'), '2');
    t.notRegex(await answer.text(), /upstream/);
  }
});

test('a problem document that is none, or without end, says no more than its status', async (t) => {
  for (const body of ['{', '"text"', '{"type":1}', `{"type":"${'x'.repeat(100_000)}"}`]) {
    const { url } = await startGateway(t, (request, response) => {
      request.resume();
      response.writeHead(400, { 'content-type': 'application/problem+json' }).end(body);
    });
    const answer = await fetch(url + datum, { method: 'PUT', headers: bearer, body: 'x' });
    t.is(answer.status, 503);
  }
});

test('a function that cannot be reached is 503', async (t) => {
  const { url } = await startGateway(t, undefined, { dataUrl: 'http://127.0.0.1:1' });
  for (const method of ['PUT', 'GET']) {
    const answer = await fetch(url + datum, { method, headers: bearer });
    t.is(answer.status, 503);
    t.is(answer.headers.get('retry-after'), '2');
    t.like(await answer.json(), { detail: 'the function cannot be reached' });
  }
});

test('a function that stands still is given up after the deadline', async (t) => {
  const { url } = await startGateway(t, (request) => void request.resume(), { timeoutMs: 150 });
  for (const method of ['PUT', 'GET']) {
    const answer = await fetch(url + datum, { method, headers: bearer });
    t.is(answer.status, 503);
    t.like(await answer.json(), { detail: 'the function stood still for 0.15 s' });
  }
});

test('a read is tried again while the platform starts the function, a put is not', async (t) => {
  let calls = 0;
  const { url } = await startGateway(t, (request, response) => {
    request.resume();
    if (++calls % 3 === 0) response.end('there');
    else response.writeHead(503).end('no healthy upstream');
  });
  const answer = await fetch(url + datum, { headers: bearer });
  t.is(await answer.text(), 'there');
  t.is(calls, 3);
  const put = await fetch(url + datum, { method: 'PUT', headers: bearer, body: 'x' });
  t.is(put.status, 503);
  t.is(calls, 4);
});

test("a read that the function itself refuses for now is its caller's to try again", async (t) => {
  let calls = 0;
  const { url } = await startGateway(t, (_request, response) => {
    calls++;
    response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{}');
  });
  t.is((await fetch(url + datum, { headers: bearer })).status, 503);
  t.is(calls, 1);
});

test('a request that is cut short in its headers harms nobody', async (t) => {
  const { url } = await startGateway(t, (request, response) => {
    request.resume();
    response.end('fine');
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('PUT /v1/networks/supply/data/a HTTP/1.1\r\nhost: x\r\nauthor');
  await delay(20);
  socket.destroy();
  t.is(await (await fetch(url + datum, { headers: bearer })).text(), 'fine');
});
