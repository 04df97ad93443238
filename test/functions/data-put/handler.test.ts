import { Readable } from 'node:stream';
import test from 'ava';
import { pino } from 'pino';
import { endpoints, type Handlers } from '../../../functions/data-put/handler.ts';
import { FateOpen, Forbidden } from '../../../functions/lib/errors.ts';
import { createMemory } from '../../../functions/lib/memory.ts';

const about = { user: 'bob', network: 'supply', key: 'a' };

/** A call by bob about a datum, and the lines that its log gets. */
function called() {
  const lines: string[] = [];
  const call = {
    event: { specversion: '1.0' as const, type: 't', source: '/s', id: '1' },
    attributes: { network: 'supply', key: 'a' },
    body: Readable.from([]),
    authorization: 'Bearer bob',
    signal: new AbortController().signal,
    log: pino({}, { write: (line: string) => void lines.push(line) }),
  };
  return { call, facts: () => lines.map((line) => JSON.parse(line) as object) };
}

const authenticator = { authenticate: () => Promise.resolve({ id: 'bob' }) };
const denied = {
  authenticator,
  authorizer: { require: () => Promise.reject(new Forbidden('bob may not')) },
  namespace: 'selvedge',
} as unknown as Handlers;

for (const [what, type] of [
  ['a put', 'dev.selvedge.data.put.v1'],
  ['an erasure', 'dev.selvedge.data.erase.v1'],
] as const) {
  test(`${what} that is denied is told to the audit: who, where and why`, async (t) => {
    const { call, facts } = called();
    await t.throwsAsync(endpoints(denied)[type]!.handle(call), { instanceOf: Forbidden });
    t.is(facts().length, 1);
    t.like(facts()[0], { audit: 'denied', ...about, reason: 'bob may not' });
  });
}

/** Stores in which nothing is left of a datum of bob's that was erased before. */
const erasing = {
  authenticator,
  authorizer: { require: () => Promise.resolve() },
  namespace: 'selvedge',
  deps: {
    networks: { find: (at: object) => Promise.resolve({ ...at, incarnation: 'uid' }) },
    names: { idOf: () => Promise.resolve('id') },
    chain: {
      head: () => Promise.resolve({ owner: 'bob', version: 0, erased: true }),
      amend: () => Promise.resolve('tx'),
    },
    metadata: {
      begin: () => Promise.resolve(true),
      datum: () => Promise.resolve(undefined),
      close: () => Promise.resolve(true),
      eraseVersions: () => Promise.resolve(true),
      remove: () => Promise.resolve(),
    },
    now: () => new Date(),
  },
} as unknown as Handlers;

test('an erasure is told to the audit, with the transaction that keeps it', async (t) => {
  const { call, facts } = called();
  const { handle } = endpoints(erasing)['dev.selvedge.data.erase.v1']!;
  const headers = { 'Selvedge-Transaction': 'tx' };
  t.deepEqual(await handle(call), { status: 204, headers });
  t.is(facts().length, 1);
  t.like(facts()[0], { audit: 'erase', ...about, transactionId: 'tx' });
});

test('a batch asks for the right to put once, and each of its puts is told to the audit', async (t) => {
  const { call, facts } = called();
  const asked: object[] = [];
  const batching = {
    ...denied,
    authorizer: {
      require: (_caller: object, access: object) => Promise.resolve(void asked.push(access)),
    },
    deps: {
      networks: { find: (at: object) => Promise.resolve({ ...at, incarnation: 'uid' }) },
      memory: { going: createMemory(2 ** 30), whole: createMemory(2 ** 30) },
      chain: { addAll: () => Promise.resolve([]) },
      metadata: { intent: (_of: object, id: string) => Promise.reject(answers[ids.push(id) - 1]!) },
    },
  } as unknown as Handlers;
  const ids: string[] = [];
  const answers = [new Forbidden('bob may not write it'), new FateOpen('not done yet')];
  const { handle } = endpoints(batching)['dev.selvedge.batch.put.v1']!;
  const lines = '{"key":"a","value":1}\n{"key":"b","value":1}\n{"key":"c"}\n';
  const reply = await handle({ ...call, body: Readable.from([Buffer.from(lines)]) });
  t.like(reply, { status: 200, headers: { 'Selvedge-Fate': 'open' } });
  const type = 'https://selvedge.dev/problems/';
  t.like(JSON.parse(reply.body as string), {
    items: [
      { line: 1, key: 'a', status: 403, problem: { type: `${type}forbidden` } },
      { line: 2, key: 'b', status: 503, problem: { type: `${type}fate-open` } },
      { line: 3, status: 400, problem: { type: `${type}bad-request` } },
    ],
  });
  t.is(asked.length, 1);
  t.is(new Set(ids).size, 2);
  const audit = facts().filter((fact) => 'audit' in fact);
  t.is(audit.length, 1);
  t.like(audit[0], { audit: 'denied', ...about, key: 'a' });
});
