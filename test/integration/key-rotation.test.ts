/** Users' keys over a real Vault: rotated while data are read and put, wherever it is cut off. */
import { buffer } from 'node:stream/consumers';
import anyTest, { type TestFn } from 'ava';
import { destroy } from '../../functions/keys/destroy.ts';
import { rotate } from '../../functions/keys/rotate.ts';
import { status } from '../../functions/keys/status.ts';
import { sweep } from '../../functions/keys/sweep.ts';
import { content, head } from '../../functions/data-get/get.ts';
import { Conflict, Gone, IntegrityError, NotFound } from '../../functions/lib/errors.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { depsOf, dying } from './dying.ts';
import { caller, network, startWorld, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const log = createLogger('test');
log.level = 'silent';
const body = Buffer.from('{"a":1}');

/** Has the puts of a user forgotten that are done, as they are after a day. */
async function forgetDone({ putDeps }: World, user: string): Promise<void> {
  for await (const intent of putDeps.metadata.intents())
    if (intent.value.owner === user && intent.value.state === 'done')
      await putDeps.metadata.forget(intent);
}

/** Sweeps until nothing is left of older versions. */
async function rotateFully(world: World, user: string): Promise<void> {
  const { keyDeps, ahead } = world;
  for (let passes = 0; passes < 20; passes++) {
    await forgetDone(world, user);
    await sweep(keyDeps, log);
    if ((await status(keyDeps, user)).state !== 'rotating') return;
    // Open puts are past that may have begun before.
    ahead.ms += 60_000;
  }
  throw new Error('the rotation does not end');
}

const wrappings = async ({ keyDeps }: World, user: string) => {
  const found: { wrapped: string; rewrapped: string | undefined }[] = [];
  for await (const { value } of keyDeps.metadata.versions())
    if (value.owner === user) found.push({ wrapped: value.wrapped, rewrapped: value.rewrapped });
  return found;
};

test.serial('a rotated key wraps what is new at once, and what is there by and by', async (t) => {
  const { put, get, verify, keyDeps, getDeps, told } = t.context;
  const judy = { who: 'judy' };
  await put('judy/record', body, { ...judy, id: 'judy' });
  await put('judy/object', body, { ...judy, tier: 'object' });
  await put('mike', body, { who: 'mike' });
  const { state, versions } = await rotate(keyDeps, 'id-judy');
  t.is(state, 'rotating');
  t.is(versions.at(-1)?.version, 2);
  await t.throwsAsync(rotate(keyDeps, 'id-judy'), { instanceOf: Conflict });
  await put('judy/new', body, judy);
  const newest = (await wrappings(t.context, 'id-judy')).filter((one) =>
    one.wrapped.includes(':v2:'),
  );
  t.is(newest.length, 1);

  await sweep(keyDeps, log);
  for (const { wrapped, rewrapped } of await wrappings(t.context, 'id-judy'))
    t.regex(rewrapped ?? wrapped, /^vault:v2:/);
  // The same put is known again: so long the older version is needed.
  t.is((await put('judy/record', body, { ...judy, id: 'judy' })).version, 1);
  await sweep(keyDeps, log);
  t.is((await status(keyDeps, 'id-judy')).state, 'rotating');
  await rotateFully(t.context, 'id-judy');

  const after = await status(keyDeps, 'id-judy');
  t.is(after.state, 'active');
  t.deepEqual(
    after.versions.map(({ version }) => version),
    [2],
  );
  for (const key of ['judy/record', 'judy/object', 'judy/new']) {
    t.deepEqual(await get(key, judy), body);
    t.true((await verify(key, judy)).verified, key);
  }
  for (const { wrapped } of await wrappings(t.context, 'id-judy'))
    if (wrapped.startsWith('vault:v1:'))
      await t.throwsAsync(getDeps.keys.unwrap('id-judy', wrapped), { instanceOf: IntegrityError });
  // Nobody else's are touched.
  t.deepEqual(
    (await wrappings(t.context, 'id-mike')).map(({ rewrapped }) => rewrapped),
    [undefined],
  );
  t.is((await status(keyDeps, 'id-mike')).versions.at(-1)?.version, 1);
  t.context.ahead.ms += 16 * 60_000;
  await sweep(keyDeps, log);
  t.like(
    told.find(({ id }) => id === 'id-judy/2'),
    {
      type: 'dev.selvedge.key.rotated.v1',
      data: { owner: 'id-judy', version: 2 },
    },
  );
  t.context.ahead.ms = 0;
});

test.serial('reads and puts go on while a key rotates, twice', async (t) => {
  const { put, get, keyDeps } = t.context;
  const who = { who: 'nina' };
  await put('nina/0', body, who);
  let going = true;
  const counts = { reads: 0, puts: 0 };
  const reading = async () => {
    for (; going; counts.reads++) t.deepEqual(await get(`nina/${counts.puts}`, who), body);
  };
  const putting = async () => {
    while (going) {
      await put(`nina/${counts.puts + 1}`, body, who);
      counts.puts++;
    }
  };
  const work = [reading(), reading(), putting()];
  try {
    for (const version of [2, 3]) {
      await rotate(keyDeps, 'id-nina');
      await rotateFully(t.context, 'id-nina');
      t.is((await status(keyDeps, 'id-nina')).versions[0]?.version, version);
    }
  } finally {
    going = false;
    await Promise.all(work);
    t.context.ahead.ms = 0;
  }
  t.true(counts.reads > 5 && counts.puts > 2, JSON.stringify(counts));
  for (let n = 0; n <= counts.puts; n++) t.deepEqual(await get(`nina/${n}`, who), body);
});

test.serial(
  'one who reads while older versions are retired reads what was wrapped anew',
  async (t) => {
    const { put, keyDeps, getDeps } = t.context;
    await put('olga', body, { who: 'olga' });
    const request = {
      ref: { ...network, key: 'olga' },
      caller: caller('olga'),
      version: undefined,
    };
    const found = await head(getDeps, request);
    await rotate(keyDeps, 'id-olga');
    await sweep(keyDeps, log);
    await keyDeps.keys.retire('id-olga', 2);
    t.deepEqual(await buffer(await content(getDeps, request, found)), body);
  },
);

for (const when of ['before', 'after'] as const) {
  test.serial(
    `a sweep of a rotation that dies ${when} any call goes on where it was`,
    async (t) => {
      const { put, get, keyDeps, vault } = t.context;
      const user = `id-paul-${when}`;
      const who = { who: `paul-${when}` };
      await put(`paul/${when}/0`, body, who);
      await put(`paul/${when}/1`, body, who);
      await rotate(keyDeps, user);
      await forgetDone(t.context, user);
      for (let at = 1, alive = false; !alive; at++) {
        const mortal = dying(connectVault(vault.as('keys')), at, when);
        const { works, ...others } = depsOf(mortal.vault);
        const list = async () => (await keyDeps.works.list()).filter((work) => work.user === user);
        const deps = { ...keyDeps, ...others, works: { ...works, list } };
        await sweep(deps, log);
        alive = !mortal.died();
        for (const n of [0, 1])
          t.deepEqual(await get(`paul/${when}/${n}`, who), body, `call ${at}`);
      }
      await rotateFully(t.context, user);
      t.is((await status(keyDeps, user)).versions[0]?.version, 2);
      for (const n of [0, 1]) t.deepEqual(await get(`paul/${when}/${n}`, who), body);
      t.context.ahead.ms = 0;
    },
  );
}

test('a data key that somebody put in place of one wrapped anew opens nothing', async (t) => {
  const { put, get, putDeps, keyDeps } = t.context;
  await put('quinn', body, { who: 'quinn' });
  const { wrapped } = await putDeps.keys.dataKey('id-quinn');
  for await (const version of keyDeps.metadata.versions())
    if (version.value.owner === 'id-quinn') await keyDeps.metadata.rewrap(version, wrapped);
  await t.throwsAsync(get('quinn', { who: 'quinn' }), { instanceOf: IntegrityError });
});

test('a key that was destroyed or never made is not rotated', async (t) => {
  const { put, keyDeps } = t.context;
  await t.throwsAsync(rotate(keyDeps, 'id-rita'), { instanceOf: NotFound });
  await put('rita', body, { who: 'rita' });
  await destroy(keyDeps, 'id-rita');
  await t.throwsAsync(rotate(keyDeps, 'id-rita'), { instanceOf: Gone });
});
