/** Puts that others leave undone, and puts that go together: what becomes of each. */
import { randomBytes, randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { patience } from '../../functions/data-put/decisions.ts';
import { sweepAlone } from '../../functions/data-put/sweep.ts';
import { Conflict, FateOpen, Unavailable } from '../../functions/lib/errors.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import {
  network,
  noOrphans,
  startWorld,
  storedIntents,
  sweepLater,
  traces,
  type World,
} from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

test.serial('puts that arrive while one is in flight go together in the next', async (t) => {
  const { put, ledger } = t.context;
  const from = ledger.groups.length;
  const opened = Promise.withResolvers<undefined>();
  ledger.gate = opened.promise.then(() => undefined);
  const all = Promise.all(Array.from({ length: 12 }, () => put(randomUUID(), randomBytes(100))));
  // All but the first are waiting once every intent is stored.
  const already = await storedIntents(t.context);
  await until({ what: 'all to be stored', timeoutMs: 20_000, firstMs: 5 }, async () => {
    return (await storedIntents(t.context)) - already >= 12;
  });
  opened.resolve(undefined);
  await all;
  const groups = ledger.groups.slice(from);
  t.is(
    groups.reduce((sum, size) => sum + size, 0),
    12,
  );
  t.true(groups.length <= 3, `${groups.length} transactions`);
});

test.serial('one refused record does not fail the others of its group', async (t) => {
  const { put, ledger, names } = t.context;
  const from = ledger.groups.length;
  const opened = Promise.withResolvers<undefined>();
  ledger.gate = opened.promise.then(() => undefined);
  const bad = randomUUID();
  ledger.refused = await names.idOf({ ...network, key: bad });
  // The first keeps the ledger busy until all others wait together.
  const first = put(randomUUID(), randomBytes(100));
  const results = Promise.allSettled(
    [randomUUID(), randomUUID(), bad, randomUUID(), randomUUID()].map((key) =>
      put(key, randomBytes(100)),
    ),
  );
  await until({ what: 'all to be stored', timeoutMs: 20_000, firstMs: 5 }, async () => {
    return (await storedIntents(t.context)) === 6;
  });
  opened.resolve(undefined);
  await first;
  t.deepEqual(
    (await results).map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  t.true(ledger.tried.includes(5), `the five were tried together: ${ledger.tried.join(', ')}`);
  t.is(
    ledger.groups.slice(from).reduce((sum, size) => sum + size, 0),
    5,
  );
  ledger.refused = undefined;
  await noOrphans(t, t.context);
});

test.serial('what others leave undone is open, never a conflict: the same put tells', async (t) => {
  const { put, get, putDeps } = t.context;
  const faults = {
    chain: { add: () => Promise.reject(new Conflict('others kept changing it')) },
    metadata: { publish: () => Promise.reject(new Unavailable('etcd does not answer')) },
  };
  for (const [name, methods] of Object.entries(faults)) {
    const [key, body, id] = [randomUUID(), randomBytes(100), randomUUID()];
    const deps = { ...putDeps, [name]: { ...putDeps[name as 'chain'], ...methods } };
    await t.throwsAsync(put(key, body, { id, deps }), { instanceOf: FateOpen }, name);
    t.like(await put(key, body, { id }), { version: 1 });
    t.true(body.equals(await get(key)));
  }
});

test.serial('a put that etcd did not confirm as stored may be: its fate is open', async (t) => {
  const { put, get, putDeps } = t.context;
  const [key, body, id] = [randomUUID(), randomBytes(100), randomUUID()];
  const { metadata } = putDeps;
  const advance: typeof metadata.advance = async (...args) => {
    await metadata.advance(...args);
    throw new Unavailable('etcd does not answer');
  };
  const deps = { ...putDeps, metadata: { ...metadata, advance } };
  await t.throwsAsync(put(key, body, { id, deps }), { instanceOf: FateOpen });
  t.deepEqual((await traces(t.context, key)).intents, ['stored']);
  t.is((await sweepLater(t.context, patience.stored + 1000)).failed, 0);
  t.true(body.equals(await get(key)));
});

test.serial('the object of a try that was taken over from goes, whenever it arrives', async (t) => {
  const { put, get, putDeps, minio } = t.context;
  const [key, body, id] = [randomUUID(), randomBytes(100), randomUUID()];
  const tier = 'object' as const;
  // Its process ends with the object whole, after another try has come first and removed what it saw.
  const arrives = Promise.withResolvers<undefined>();
  const late = {
    ...putDeps,
    objects: {
      ...putDeps.objects,
      put: async (...args: Parameters<typeof putDeps.objects.put>) => {
        await arrives.promise;
        return putDeps.objects.put(...args);
      },
      remove: () => Promise.reject(new Error('the process has ended')),
    },
  };
  const first = put(key, body, { id, tier, deps: late });
  await until({ what: 'the first to begin', timeoutMs: 20_000, firstMs: 5 }, async () => {
    return (await traces(t.context, key)).intents.length > 0;
  });
  t.like(await put(key, body, { id, tier }), { version: 1 });
  arrives.resolve(undefined);
  await t.throwsAsync(first);
  const names = async (): Promise<number> =>
    (await minio.client().listObjectsV2('selvedge', '', true).toArray()).length;
  const before = await names();
  await sweepLater(t.context, patience.done + 1000);
  t.true((await names()) < before);
  t.true(body.equals(await get(key)));
  await noOrphans(t, t.context);
});

test.serial('of two sweeps at once one does it', async (t) => {
  const { metadata } = t.context.putDeps;
  const letGo = await metadata.holdSweep(60);
  const log = createLogger('test');
  log.level = 'silent';
  const outbox = {
    announce: () => undefined,
    flush: () => Promise.resolve(0),
    idle: () => Promise.resolve(),
  };
  t.is(await sweepAlone(t.context.putDeps, outbox, log), undefined);
  await letGo!();
  t.truthy(await sweepAlone(t.context.putDeps, outbox, log));
  t.truthy(await sweepAlone(t.context.putDeps, outbox, log));
});
