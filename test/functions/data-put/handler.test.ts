import { Readable } from 'node:stream';
import test from 'ava';
import { pino } from 'pino';
import { endpoints, type Handlers } from '../../../functions/data-put/handler.ts';
import { Forbidden } from '../../../functions/lib/errors.ts';

test('a put that is denied is told to the audit: who, where and why', async (t) => {
  const lines: string[] = [];
  const handlers = {
    authenticator: { authenticate: () => Promise.resolve({ id: 'bob' }) },
    authorizer: { require: () => Promise.reject(new Forbidden('bob may not')) },
    namespace: 'selvedge',
  } as unknown as Handlers;
  const { handle } = endpoints(handlers)['dev.selvedge.data.put.v1']!;
  const call = {
    event: { specversion: '1.0' as const, type: 't', source: '/s', id: '1' },
    attributes: { network: 'supply', key: 'a' },
    body: Readable.from([]),
    authorization: 'Bearer bob',
    signal: new AbortController().signal,
    log: pino({}, { write: (line: string) => void lines.push(line) }),
  };
  await t.throwsAsync(handle(call), { instanceOf: Forbidden });
  t.is(lines.length, 1);
  const fact = { audit: 'denied', user: 'bob', network: 'supply', key: 'a', reason: 'bob may not' };
  t.like(JSON.parse(lines[0]!), fact);
});
