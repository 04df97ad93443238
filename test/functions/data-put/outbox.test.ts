import test from 'ava';
import { createOutbox } from '../../../functions/data-put/outbox.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { Metadata } from '../../../functions/lib/data/metadata.ts';
import type { OutboxEntry } from '../../../functions/lib/data/model.ts';
import { BrokerRefusal } from '../../../functions/lib/function/broker.ts';
import { createLogger } from '../../../functions/lib/log.ts';

const entry = (key: string): Extract<OutboxEntry, { type: 'dev.selvedge.data.stored.v1' }> => ({
  id: key,
  type: 'dev.selvedge.data.stored.v1',
  subject: `supply/${key}`,
  createdAt: '2026-01-01T00:00:00.000Z',
  data: {
    ...{ network: 'supply', key, version: 1, tier: 'record', index: 'etcd://a' },
    ...{ digest: `sha256:${'0'.repeat(64)}`, size: 1, owner: 'a', transactionId: 't', block: 1 },
    createdAt: '2026-01-01T00:00:00.000Z',
  },
});

/** Flushes the entries `a`, `bad` and `c`; the Broker says `error` to the second. */
async function flush(bad: OutboxEntry, error?: Error) {
  const [sent, struck]: [string[], string[]] = [[], []];
  const metadata = {
    async *outbox() {
      yield* await Promise.resolve([entry('a'), bad, entry('c')]);
    },
    sent: (id: string) => Promise.resolve(void struck.push(id)),
  } as unknown as Metadata;
  const broker = {
    send: ({ subject }: { subject?: string | undefined }) => {
      if (error && subject === bad.subject) return Promise.reject(error);
      return Promise.resolve(void sent.push(subject ?? ''));
    },
  };
  const log = createLogger('test');
  log.level = 'silent';
  const now = () => new Date('2026-01-01T01:00:00.000Z');
  const count = await createOutbox({ metadata, broker, now }, log).flush();
  return { count, struck };
}

for (const [what, bad, error, struck] of [
  ['that the Broker refuses is passed over', entry('b'), new BrokerRefusal('400'), ['a', 'c']],
  ['that no request can be made of is passed over', entry('b'), new TypeError('x'), ['a', 'c']],
  ['that is none is passed over', { ...entry('b'), data: {} as never }, undefined, ['a', 'c']],
  ['that meets no Broker ends the round', entry('b'), new Unavailable('down'), ['a']],
] as const) {
  test(`an event ${what}`, async (t) => {
    t.deepEqual(await flush(bad, error), { count: struck.length, struck: [...struck] });
  });
}
