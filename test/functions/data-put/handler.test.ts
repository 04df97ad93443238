import { Readable } from 'node:stream';
import test from 'ava';
import { pino } from 'pino';
import { endpoints, type Handlers } from '../../../functions/data-put/handler.ts';
import { Forbidden } from '../../../functions/lib/errors.ts';

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
