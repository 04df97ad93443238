/** What callers send by mistake or on purpose, and what HTTP calls it. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { decodeJwt, importPKCS8, SignJWT, type JWTPayload } from 'jose';
import { sendRaw, type RawAnswer } from '../../fakes/raw-http.ts';
import type { Service } from './service.ts';

/** The largest body that the gateway of these tests takes: 4 MiB. */
export const maxBodyBytes = 4 * 1024 * 1024;

/** Sends it: a put of a key that nothing else has, but for what is bad about it. */
type Send = (service: Service, key: string) => Promise<RawAnswer>;

interface Put {
  network?: string;
  /** After the key, as it stands in the path. */
  more?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  token?: (service: Service) => Promise<string>;
}

const put =
  ({ network = 'supply', more = '', method = 'PUT', headers, body = 'x', token }: Put): Send =>
  async (service, key) => {
    const answer = await fetch(`${service.url}/v1/networks/${network}/data/${key}${more}`, {
      method,
      headers: { authorization: `Bearer ${(await token?.(service)) ?? service.token}`, ...headers },
      body,
    });
    return {
      status: answer.status,
      headers: new Map(answer.headers),
      body: await answer.text(),
    };
  };

/** @param rest what follows the headers that every put has */
const raw =
  (rest: string): Send =>
  ({ url, token }, key) =>
    sendRaw(
      url,
      `PUT /v1/networks/supply/data/${key} HTTP/1.1\r\nHost: gateway\r\n` +
        `Authorization: Bearer ${token}\r\n${rest}`,
    );

/** As no client writes it: `fetch` takes the path for another. */
const climb: Send = ({ url, token }, key) => {
  const head = `PUT /v1/networks/supply/data/${key}/../b HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n`;
  const rest = `Authorization: Bearer ${token}\r\nContent-Length: 1\r\n\r\nx`;
  return sendRaw(url, head + rest, { last: false });
};

/** A byte each half second, for as long as nobody answers. */
const drip: Send = async ({ url, token }, key) => {
  const headers = { authorization: `Bearer ${token}` };
  const sent = request(`${url}/v1/networks/supply/data/${key}`, { method: 'PUT', headers });
  const answered = Promise.withResolvers<RawAnswer>();
  sent.on('error', answered.reject).on('response', (answer) => {
    const given = Object.entries(answer.headers).map(
      ([name, value]) => [name, String(value)] as const,
    );
    text(answer).then((body) => {
      answered.resolve({ status: answer.statusCode ?? 0, headers: new Map(given), body });
    }, answered.reject);
  });
  const drop = setInterval(() => sent.write('x'), 500);
  try {
    return await answered.promise;
  } finally {
    clearInterval(drop);
    sent.destroy();
  }
};

/** A token as alice's, with the issuer's own signature, but for some claims. */
const tokenWith =
  (claims: (now: number) => JWTPayload) =>
  async ({ api, token }: Service): Promise<string> => {
    const key = await importPKCS8(await readFile(join(api.folder, 'sa.key'), 'utf8'), 'RS256');
    const { keys } = JSON.parse(await api.kubectl(['get', '--raw', '/openid/v1/jwks'])) as {
      keys: { kid: string }[];
    };
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...decodeJwt(token), ...claims(now) })
      .setProtectedHeader({ alg: 'RS256', kid: keys[0]?.kid ?? '' })
      .sign(key);
  };

const cedar = 'permit (principal, action, resource);';
const policy = (body: Buffer | string, headers: Record<string, string> = {}): Send =>
  put({ more: '/policy', headers: { 'content-type': 'text/plain', ...headers }, body });

/** A batch of one record of the key, but for what is bad about it. */
const batch =
  ({
    headers,
    network = 'supply',
    body = (line) => line,
  }: {
    headers?: Record<string, string>;
    network?: string;
    body?: (line: string) => Buffer | string;
  }): Send =>
  async ({ url, token }, key) => {
    const answer = await fetch(`${url}/v1/networks/${network}/data:batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/x-ndjson',
        ...headers,
      },
      body: body(`{"key":"${key}","value":1}\n`),
    });
    return { status: answer.status, headers: new Map(answer.headers), body: await answer.text() };
  };

/** @param rest what follows the headers that every batch has */
const rawBatch =
  (rest: (line: string) => string): Send =>
  ({ url, token }, key) =>
    sendRaw(
      url,
      `POST /v1/networks/supply/data:batch HTTP/1.1\r\nHost: gateway\r\n` +
        `Authorization: Bearer ${token}\r\nContent-Type: application/x-ndjson\r\n` +
        rest(`{"key":"${key}","value":1}\n`),
    );

const hour = 3600;
const bob = ({ api }: Service): Promise<string> => api.token('selvedge-users', 'bob', 'selvedge');
const chunked = 'Transfer-Encoding: chunked\r\n\r\n';

/** Each with its status and the last part of its problem's type. */
export const badInput: Record<string, [send: Send, status: number, kind: string]> = {
  'an unknown network': [put({ network: 'nowhere' }), 404, 'not-found'],
  'a network that climbs': [put({ network: '..%2Fsupply' }), 400, 'bad-request'],
  'a network that is an emoji': [put({ network: '%F0%9F%A7%B5' }), 400, 'bad-request'],
  'a key that climbs': [put({ more: '%2F..%2Fb' }), 400, 'bad-request'],
  'a path that climbs': [climb, 404, 'not-found'],
  'a key of 5 KiB': [put({ more: 'k'.repeat(5 * 1024) }), 400, 'bad-request'],
  'a key with a null': [put({ more: '%00' }), 400, 'bad-request'],
  'a key with a line break': [put({ more: '%0D%0ASet-Cookie:%20a' }), 400, 'bad-request'],
  'a key with half a pair': [put({ more: '%ED%A0%80' }), 400, 'bad-request'],
  'a policy of no datum': [policy(cedar), 404, 'not-found'],
  'a policy that is no Cedar': [policy('let alice in'), 422, 'unprocessable'],
  'a policy of an unknown attribute': [
    policy('permit (principal, action, resource) when { principal.age > 18 };'),
    ...([422, 'unprocessable'] as const),
  ],
  'a policy too deep for Cedar': [
    policy(
      `permit (principal, action, resource) when { ${'('.repeat(9000)}true${')'.repeat(9000)} };`,
    ),
    ...([422, 'unprocessable'] as const),
  ],
  'an empty policy': [policy(''), 422, 'unprocessable'],
  'a policy of 64 KiB and a byte': [policy('/'.repeat(65_537)), 413, 'too-large'],
  'a policy that is no UTF-8': [policy(Buffer.from([0x2f, 0x2f, 0xff])), 400, 'bad-request'],
  'a policy as JSON': [
    policy(cedar, { 'content-type': 'application/json' }),
    ...([415, 'unsupported-media-type'] as const),
  ],
  'a check of nothing': [
    put({
      ...{ method: 'POST', more: '/policy/check', body: '{}' },
      headers: { 'content-type': 'application/json' },
    }),
    ...([400, 'bad-request'] as const),
  ],
  'a method that there is not': [put({ method: 'POST' }), 405, 'method-not-allowed'],
  'a tier that there is not': [put({ headers: { 'selvedge-tier': 'tape' } }), 400, 'bad-request'],
  'a content coding': [
    put({ headers: { 'content-encoding': 'gzip' } }),
    ...([415, 'unsupported-media-type'] as const),
  ],
  'a length that is no number': [raw('Content-Length: 1x\r\n\r\nx'), 400, 'bad-request'],
  'two lengths': [raw('Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx'), 400, 'bad-request'],
  'a length that is more than comes': [raw('Content-Length: 9\r\n\r\nx'), 400, 'bad-request'],
  'a chunk that is more than comes': [raw(`${chunked}9\r\nx`), 400, 'bad-request'],
  'chunks without an end': [raw(`${chunked}1\r\nx\r\n`), 400, 'bad-request'],
  'headers of 20 KiB': [raw(`X: ${'x'.repeat(20_000)}\r\n\r\n`), 431, 'headers-too-large'],
  'a body that drips': [drip, 408, 'too-slow'],
  'a body over the limit': [put({ body: Buffer.alloc(maxBodyBytes + 1) }), 413, 'too-large'],
  'chunks over the limit': [
    raw(
      `${chunked}${(maxBodyBytes + 1).toString(16)}\r\n${'x'.repeat(maxBodyBytes + 1)}\r\n0\r\n\r\n`,
    ),
    ...([413, 'too-large'] as const),
  ],
  'a batch of 1001 lines': [
    batch({ body: (line) => `${line}{"key":"n","value":1}\n`.repeat(501) }),
    ...([413, 'too-large'] as const),
  ],
  'a batch over its limit': [
    batch({ body: (line) => line.padEnd(8 * 1024 * 1024 + 1) }),
    ...([413, 'too-large'] as const),
  ],
  'a batch over its limit, in chunks': [
    rawBatch((line) => {
      const body = line.padEnd(8 * 1024 * 1024 + 1);
      return `${chunked}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    }),
    ...([413, 'too-large'] as const),
  ],
  'a batch of nothing': [batch({ body: () => '\n' }), 400, 'bad-request'],
  'a batch as JSON': [
    batch({ headers: { 'content-type': 'application/json' } }),
    ...([415, 'unsupported-media-type'] as const),
  ],
  'a batch under a content coding': [
    batch({ headers: { 'content-encoding': 'gzip' } }),
    ...([415, 'unsupported-media-type'] as const),
  ],
  'a batch into an unknown network': [batch({ network: 'nowhere' }), 404, 'not-found'],
  'a batch that is more than comes': [
    rawBatch((line) => `Content-Length: 99\r\n\r\n${line}`),
    ...([400, 'bad-request'] as const),
  ],
  'a batch of chunks without an end': [
    rawBatch((line) => `${chunked}${line.length.toString(16)}\r\n${line}\r\n`),
    ...([400, 'bad-request'] as const),
  ],
  'no token': [put({ headers: { authorization: '' } }), 401, 'unauthorized'],
  'a token for another audience': [
    put({ token: ({ api }) => api.token('selvedge-users', 'alice') }),
    ...([401, 'unauthorized'] as const),
  ],
  'a token of a clock that is ahead': [
    put({ token: tokenWith((now) => ({ iat: now + hour, nbf: now + hour, exp: now + 2 * hour })) }),
    ...([401, 'unauthorized'] as const),
  ],
  'a token of a clock that is behind': [
    put({
      token: tokenWith((now) => ({ iat: now - 2 * hour, nbf: now - 2 * hour, exp: now - hour })),
    }),
    ...([401, 'unauthorized'] as const),
  ],
  'a token of who may not': [put({ token: bob }), 403, 'forbidden'],
};
