import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setInterval as every } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Problem } from '../../../functions/lib/errors.ts';
import { bearer, startGateway } from './gateway.ts';

const floor = { bytes: 1_000, seconds: 1 };

interface Drip {
  /** Bytes each 20 ms. */
  bytes: number;
  length?: number;
}

/** A put whose body comes drop by drop until it is answered, or is whole. */
async function drip(
  t: ExecutionContext,
  url: string,
  { bytes, length }: Drip,
): Promise<IncomingMessage> {
  const headers = { ...bearer, ...(length !== undefined && { 'content-length': length }) };
  const put = request(`${url}/v1/networks/supply/data/k`, { method: 'PUT', headers, agent: false });
  t.teardown(() => put.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  put.on('response', resolve).on('error', reject);
  let [sent, over] = [0, false];
  promise.finally(() => (over = true)).catch(() => undefined);
  for await (const _ of every(20)) {
    const rest = (length ?? Infinity) - sent;
    if (rest <= 0 || over) break;
    put.write(Buffer.alloc(Math.min(bytes, rest)));
    sent += bytes;
  }
  if (!over) put.end();
  return promise;
}

const bodies = { 'of unknown length': undefined, 'that is held as a whole': 100_000 };

for (const [title, length] of Object.entries(bodies))
  test(`a body ${title} that drips is refused, and not stored`, async (t) => {
    let whole = 0;
    const { url } = await startGateway(
      t,
      (put, answer) => {
        put.resume().on('end', () => {
          whole += 1;
          answer.end();
        });
      },
      { floor },
    );
    const answer = await drip(t, url, { bytes: 1, ...(length && { length }) });
    t.is(answer.statusCode, 408);
    t.is(((await json(answer)) as Problem).type, 'https://selvedge.dev/problems/too-slow');
    t.is(whole, 0);
  });

test('a body that is slow, but not too slow, is taken', async (t) => {
  const { url } = await startGateway(
    t,
    (put, answer) => void put.resume().on('end', () => answer.writeHead(201).end()),
    { floor },
  );
  const answer = await drip(t, url, { bytes: 400, length: 40_000 });
  t.is(answer.statusCode, 201);
  answer.resume();
});

test('a sender is not blamed for a function that reads late', async (t) => {
  const { url } = await startGateway(
    t,
    (put, answer) => {
      // Longer than the floor allows.
      setTimeout(() => put.resume(), 2_500);
      put.on('end', () => answer.writeHead(201).end());
    },
    { floor },
  );
  const answer = await fetch(`${url}/v1/networks/supply/data/k`, {
    ...{ method: 'PUT', headers: bearer, body: Buffer.alloc(32 * 1024 * 1024) },
  });
  t.is(answer.status, 201);
});
