/** Users' keys over a real Vault: destroyed for good, wherever it is cut off, and nobody else's with them. */
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { destroy } from '../../functions/keys/destroy.ts';
import { endpoints } from '../../functions/keys/handler.ts';
import { status } from '../../functions/keys/status.ts';
import { sweep } from '../../functions/keys/sweep.ts';
import { head, requireKept } from '../../functions/data-get/get.ts';
import { createKeys } from '../../functions/lib/data/keys.ts';
import { Gone, NotFound, toProblem } from '../../functions/lib/errors.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { connectVault, type Vault } from '../../functions/lib/vault/client.ts';
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
const everyone = 'permit(principal, action, resource);';

test('of who never put there is no key to tell of, and none to destroy', async (t) => {
  const { keyDeps } = t.context;
  await t.throwsAsync(status(keyDeps, 'id-nobody'), { instanceOf: NotFound });
  await t.throwsAsync(destroy(keyDeps, 'id-nobody'), { instanceOf: NotFound });
  await t.context.put('nobody', body, { who: 'nobody' });
  t.deepEqual(await t.context.get('nobody', { who: 'nobody' }), body);
});

test('a key is told with its version, and since when', async (t) => {
  const before = Date.now() - 1_000;
  await t.context.put('carol', body, { who: 'carol' });
  const { state, versions } = await status(t.context.keyDeps, 'id-carol');
  t.is(state, 'active');
  t.deepEqual(
    versions.map(({ version }) => version),
    [1],
  );
  const age = Date.parse(versions[0]!.createdAt) - before;
  t.true(age >= 0 && age < 60_000);
});

test('with its key all data of a user go at once, for everybody and for good', async (t) => {
  const { put, get, verify, versions, restrict, keyDeps, putDeps, getDeps } = t.context;
  const dave = { who: 'dave' };
  await put('dave/record', body, dave);
  await put('dave/object', body, { ...dave, tier: 'object' });
  await put('dave/done', body, { ...dave, id: 'done' });
  await restrict('dave/record', everyone, dave);
  await put('erin', body, { who: 'erin' });
  t.deepEqual(await get('dave/record', { who: 'erin' }), body);

  const destroyedAt = await destroy(keyDeps, 'id-dave');
  const gone = { instanceOf: Gone };
  for (const who of ['dave', 'erin']) {
    await t.throwsAsync(get('dave/record', { who }), gone, `${who} reads`);
    await t.throwsAsync(verify('dave/record', { who }), gone, `${who} verifies`);
    await t.throwsAsync(versions('dave/record', {}, { who }), gone, `${who} lists`);
    await t.throwsAsync(put('dave/record', body, { who }), gone, `${who} puts`);
  }
  await t.throwsAsync(get('dave/object', dave), gone);
  await t.throwsAsync(put('dave/new', body, dave), gone);
  await t.throwsAsync(put('dave/done', body, { ...dave, id: 'done' }), gone);
  const request = { ref: { ...network, key: 'dave/record' }, caller: caller('dave') };
  const found = await head(getDeps, { ...request, version: undefined });
  const error = await t.throwsAsync(requireKept(getDeps, found), gone);
  t.like(toProblem(error), { status: 410, type: 'https://selvedge.dev/problems/gone' });
  t.deepEqual(await status(keyDeps, 'id-dave'), { state: 'destroyed', versions: [], destroyedAt });
  t.is(await destroy(keyDeps, 'id-dave'), destroyedAt);

  // Nobody else's are touched.
  t.deepEqual(await get('erin', { who: 'erin' }), body);
  await put('erin', body, { who: 'erin' });
  await t.throwsAsync(putDeps.keys.dataKey('id-dave'), gone);
});

test('a datum whose owner destroyed their key can still be erased', async (t) => {
  await t.context.put('frank', body, { who: 'frank' });
  await destroy(t.context.keyDeps, 'id-frank');
  await t.notThrowsAsync(t.context.erase('frank', { who: 'frank' }));
  await t.throwsAsync(t.context.get('frank', { who: 'frank' }), { instanceOf: Gone });
});

/** Destroys a key in a function that dies at its n-th call; false when it came to its end before. */
async function cutOff(
  t: ExecutionContext<World>,
  user: string,
  at: number,
  when: 'before' | 'after',
) {
  const { vault, died } = dying(connectVault(t.context.vault.as('keys')), at, when);
  await t.context.putDeps.keys.dataKey(user);
  await destroy({ ...t.context.keyDeps, ...depsOf(vault) }, user).catch(() => undefined);
  return died();
}

for (const when of ['before', 'after'] as const) {
  test.serial(
    `a destruction that dies ${when} any call is begun or not, and is finished`,
    async (t) => {
      const { keyDeps, putDeps } = t.context;
      let at = 1;
      for (; await cutOff(t, `id-dying-${when}-${at}`, at, when); at++) {
        const user = `id-dying-${when}-${at}`;
        await sweep(keyDeps, log);
        const { state } = await status(keyDeps, user);
        const key = await keyDeps.keys.find(user);
        t.is(key === undefined, state === 'destroyed', `${user}: ${state}`);
        // The caller, who has no answer, asks again.
        await destroy(keyDeps, user);
        await t.throwsAsync(
          createKeys(connectVault(t.context.vault.as('data-put'))).dataKey(user),
          {
            instanceOf: Gone,
          },
        );
        await t.throwsAsync(putDeps.keys.dataKey(user), { instanceOf: Gone });
      }
      t.true(at > 6, `${at} calls`);
    },
  );
}

test.serial('a key that is made while it is destroyed gives nothing, and goes', async (t) => {
  const { keyDeps, vault, ahead } = t.context;
  const user = 'id-grace';
  const before = createKeys(connectVault(vault.as('data-put')));
  await before.dataKey(user);
  // What a function that looked before there was a note does after all is over.
  const late = connectVault(vault.as('data-put'));
  let looks = 0;
  const unknowing: Vault = {
    ...late,
    read: (path) => (looks++ === 0 ? Promise.resolve(undefined) : late.read(path)),
  };
  const { wrapped } = await before.dataKey(user);
  await destroy(keyDeps, user);
  await t.throwsAsync(createKeys(unknowing).dataKey(user), { instanceOf: Gone });
  t.truthy(await keyDeps.keys.find(user));
  t.is((await status(keyDeps, user)).state, 'destroyed');
  const read = createKeys(connectVault(vault.as('data-get')));
  await t.throwsAsync(read.unwrap(user, wrapped), { instanceOf: Gone });
  await sweep(keyDeps, log);
  t.is(await keyDeps.keys.find(user), undefined);
  ahead.ms = 16 * 60_000;
  await sweep(keyDeps, log);
  ahead.ms = 0;
  const left = await keyDeps.works.list();
  t.deepEqual(
    left.filter((work) => work.user === user),
    [],
  );
});

test('a caller has to do with its own key only, and the audit hears of it', async (t) => {
  const { keyDeps, put, get } = t.context;
  await put('heidi', body, { who: 'heidi' });
  await put('ivan', body, { who: 'ivan' });
  const lines: unknown[] = [];
  const told = { ...log, info: (line: unknown) => void lines.push(line) };
  const { 'dev.selvedge.key.destroy.v1': destruction } = endpoints({
    deps: keyDeps,
    authenticator: { authenticate: (header) => Promise.resolve(caller(header ?? '')) },
  });
  const call = { attributes: {}, authorization: 'heidi', log: told } as never;
  const reply = await destruction!.handle(call);
  t.is(reply.status, 204);
  t.like(lines, [
    { audit: 'key', user: 'id-heidi' },
    { audit: 'key', user: 'id-heidi' },
  ]);
  await t.throwsAsync(get('heidi', { who: 'heidi' }), { instanceOf: Gone });
  t.deepEqual(await get('ivan', { who: 'ivan' }), body);
});
