/** Puts that may only follow one version, and reads of one that the caller has. */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { versionTag } from '../../functions/lib/conditions.ts';
import * as errors from '../../functions/lib/errors.ts';
import { bob, startFunctions, type Functions } from './callable.ts';
import { noOrphans, traces } from './world.ts';

const test = anyTest as TestFn<Functions>;
test.before(async (t) => {
  t.context = await startFunctions();
});
test.after.always((t) => t.context.stop());

const fresh = (): string => `conditions/${randomUUID()}`;
const json = (n: number): Buffer => Buffer.from(JSON.stringify({ n }));
const first = { conditions: { ifNoneMatch: '*' } };
const failed = { instanceOf: errors.PreconditionFailed };

for (const tier of ['record', 'object'] as const) {
  test.serial(`of racers who each mean to be the first ${tier}, one is`, async (t) => {
    const { world } = t.context;
    for (let round = 0; round < 5; round++) {
      const key = fresh();
      const racers = Array.from({ length: 8 }, (_, n) =>
        world.put(key, json(n), { tier, ...first }),
      );
      const results = await Promise.allSettled(racers);
      const won = results.filter(({ status }) => status === 'fulfilled');
      t.is(won.length, 1);
      for (const one of results) {
        if (one.status === 'rejected') t.true(one.reason instanceof errors.PreconditionFailed);
      }
      t.like(await traces(world, key), { anchored: 1, intents: ['done'] });
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      t.true(json(winner).equals(await world.get(key)));
    }
    await noOrphans(t, world);
  });

  test.serial(
    `of racers who each mean to replace one ${tier}, one does, whoever else writes`,
    async (t) => {
      const { world } = t.context;
      const key = fresh();
      let current = await world.put(key, json(0), { tier });
      for (let round = 0; round < 5; round++) {
        const conditions = { ifMatch: versionTag(current) };
        const racers = Array.from({ length: 6 }, (_, n) =>
          world.put(key, json(n), { tier, conditions }),
        );
        const blind = Array.from({ length: 2 }, (_, n) => world.put(key, json(100 + n), { tier }));
        const results = await Promise.allSettled(racers);
        const others = await Promise.all(blind);
        const won = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        t.true(won.length <= 1);
        for (const { version } of won) t.is(version, current.version + 1);
        t.is(
          won.length + others.filter(({ version }) => version === current.version + 1).length,
          1,
        );
        const last = others.concat(won).toSorted((a, b) => b.version - a.version);
        t.is(last[0]!.version, current.version + others.length + won.length);
        current = last[0]!;
      }
      await noOrphans(t, world);
    },
  );
}

test.serial('what is meant is replaced; what is there no more, or never was, is not', async (t) => {
  const { world } = t.context;
  const key = fresh();
  const meaning = (ifMatch: string) => world.put(key, json(1), { conditions: { ifMatch } });
  await t.throwsAsync(meaning('*'), failed);
  await t.throwsAsync(meaning('"1-ab"'), failed);
  t.deepEqual(await traces(world, key), { datum: false, intents: [], anchored: 0 });
  const one = await world.put(key, json(1), first);
  const two = await meaning(versionTag(one));
  t.is(two.version, 2);
  const error = await t.throwsAsync(meaning(versionTag(one)), failed);
  t.like(errors.toProblem(error), {
    ...{ type: 'https://selvedge.dev/problems/precondition-failed', status: 412, version: 2 },
  });
  t.is((await meaning(`${versionTag(one)}, ${versionTag(two)}`)).version, 3);
  t.is((await meaning('*')).version, 4);
  await t.throwsAsync(world.put(key, json(1), first), failed);
  await noOrphans(t, world);
});

test.serial(
  'the same put again gives its receipt, though its condition holds no more',
  async (t) => {
    const { world } = t.context;
    const [key, id] = [fresh(), randomUUID()];
    const receipt = await world.put(key, json(1), { id, ...first });
    await world.put(key, json(2));
    t.deepEqual(await world.put(key, json(1), { id, ...first }), receipt);
  },
);

for (const meant of ['the first', 'the next'] as const) {
  test.serial(
    `of two tries to put ${meant} version, the later gives the receipt of the earlier`,
    async (t) => {
      const { world } = t.context;
      const [key, id] = [fresh(), randomUUID()];
      const before = meant === 'the next' ? await world.put(key, json(0)) : undefined;
      const conditions = before ? { ifMatch: versionTag(before) } : first.conditions;
      const { metadata } = world.putDeps;
      let receipt: unknown;
      // The other try begins and ends just after this one has seen that there was none.
      const intent: typeof metadata.intent = async (...asked) => {
        const known = await metadata.intent(...asked);
        receipt ??= await world.put(key, json(1), { id, conditions });
        return known;
      };
      const deps = { ...world.putDeps, metadata: { ...metadata, intent } };
      t.deepEqual(await world.put(key, json(1), { id, conditions, deps }), receipt);
      t.is((await traces(world, key)).anchored, before ? 2 : 1);
      await noOrphans(t, world);
    },
  );
}

for (const came of ['nothing', 'another'] as const) {
  test.serial(
    `a put that was cut off is finished by the sweep where ${came} came first`,
    async (t) => {
      const { world } = t.context;
      const key = fresh();
      const one = await world.put(key, json(1));
      world.ledger.fates.push('unknown, lost');
      const conditions = { ifMatch: versionTag(one) };
      await t.throwsAsync(world.put(key, json(2), { conditions }), { instanceOf: errors.FateOpen });
      if (came === 'another') await world.put(key, json(3));
      world.ahead.ms += 3600_000;
      t.like(await world.sweep(), came === 'another' ? { removed: 1, failed: 0 } : { finished: 1 });
      world.ahead.ms -= 3600_000;
      t.true(json(came === 'another' ? 3 : 2).equals(await world.get(key)));
      t.is((await traces(world, key)).anchored, 2);
      await noOrphans(t, world);
    },
  );
}

test.serial('who may not write learns nothing by a condition', async (t) => {
  const { world } = t.context;
  const key = fresh();
  await world.put(key, json(1));
  const put = world.put(key, json(2), { who: 'bob', ...first });
  await t.throwsAsync(put, { instanceOf: errors.Forbidden });
});

test.serial('after an erasure no condition makes it anew', async (t) => {
  const { world } = t.context;
  const key = fresh();
  const one = await world.put(key, json(1));
  await world.erase(key);
  for (const conditions of [first.conditions, { ifMatch: '*' }, { ifMatch: versionTag(one) }]) {
    const put = world.put(key, json(2), { conditions });
    await t.throwsAsync(put, { instanceOf: errors.Gone });
  }
});

test.serial(
  'a read has the tag that the put gave, and is spared to who has that version',
  async (t) => {
    const { send } = t.context;
    const key = fresh();
    const put = await send({ to: 'put', attributes: { key }, body: '{"n":1}' });
    const etag = put.headers.get('etag')!;
    t.regex(etag, /^"1-[0-9a-f]{64}"$/);
    for (const view of ['content', 'head']) {
      const get = (attributes: Record<string, string> = {}) =>
        send({ to: 'get', attributes: { key, view, ...attributes } });
      t.is((await get()).headers.get('etag'), etag);
      const same = await get({ ifnonematch: etag });
      t.is(same.status, 304);
      t.is(same.headers.get('etag'), etag);
      t.is(await same.text(), '');
      t.is((await get({ ifnonematch: '"1-00"' })).status, 200);
      t.is((await get({ ifmatch: etag })).status, 200);
      t.is((await get({ ifmatch: '"1-00"' })).status, 412);
    }
    const changed = { key, ifmatch: etag };
    t.is((await send({ to: 'put', attributes: changed, body: '{"n":2}' })).status, 201);
    t.is((await send({ to: 'put', attributes: changed, body: '{"n":3}' })).status, 412);
    const now = await send({ to: 'get', attributes: { key, ifnonematch: etag } });
    t.is(await now.text(), '{"n":2}');
    const old = { key, dataversion: '1', ifnonematch: etag };
    t.is((await send({ to: 'get', attributes: old })).status, 304);
    // To who may not read it there is nothing that could be unchanged.
    t.is((await send({ to: 'get', attributes: old, subject: bob })).status, 404);
  },
);
