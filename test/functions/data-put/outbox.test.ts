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

/** An outbox whose Broker takes an event only when told. */
function announcing(answer: (subject: string) => Promise<void>) {
  const struck: string[] = [];
  const metadata = {
    sent: (id: string) => Promise.resolve(void struck.push(id)),
  } as unknown as Metadata;
  const broker = { send: ({ subject = '' }: { subject?: string | undefined }) => answer(subject) };
  const log = createLogger('test');
  log.level = 'silent';
  return { outbox: createOutbox({ metadata, broker, now: () => new Date() }, log), struck };
}

test('of a thousand events few are on their way at once, and all are sent', async (t) => {
  let [now, most] = [0, 0];
  const { outbox, struck } = announcing(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
  });
  for (let n = 0; n < 1000; n++) outbox.announce(entry(`${n}`));
  await outbox.idle();
  t.is(struck.length, 1000);
  t.true(most > 1 && most <= 16, `${most} at once`);
});

test('what waits when the Broker is away is left for the sweep, and the next is tried', async (t) => {
  let isAway = true;
  const { outbox, struck } = announcing(() =>
    isAway ? Promise.reject(new Unavailable('down')) : Promise.resolve(),
  );
  for (let n = 0; n < 100; n++) outbox.announce(entry(`${n}`));
  await outbox.idle();
  t.deepEqual(struck, []);
  isAway = false;
  outbox.announce(entry('after'));
  await outbox.idle();
  t.deepEqual(struck, ['after']);
});
