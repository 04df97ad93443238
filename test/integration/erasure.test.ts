/** Erasing a datum: for good, for everybody, only by its owner, and nothing else with it. */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { patience } from '../../functions/data-put/decisions.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { keys, prefixes } from '../../functions/lib/data/datum.ts';
import type { Erasure, VersionRecord } from '../../functions/lib/data/model.ts';
import * as errors from '../../functions/lib/errors.ts';
import { body, fresh, isErased, leftOf, made, open, refOf } from './erased.ts';
import { noOrphans, startWorld, sweepLater, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const bob = { who: 'bob' };

/** The wrapped key of each version that etcd has of a datum. */
async function wrappedKeys({ etcd }: World, key: string): Promise<string[]> {
  const found = await etcd.list(keys.version(refOf(key), '/'), 1000);
  return found.map(({ value }) => (JSON.parse(value.toString()) as VersionRecord).wrapped);
}

async function dump({ etcd }: World): Promise<string> {
  const all = await etcd.list(prefixes.all, 10_000);
  return all.map(({ value }) => value.toString('latin1')).join('\n');
}

test.serial('ciphertexts and wrapped keys are gone, and nothing of others', async (t) => {
  const key = fresh();
  // Names that begin as its own does, and have it in them.
  const others = [`${key}2`, `${key}/2`, `a/${key}`];
  for (const one of [key, ...others]) await made(t.context, one);
  const wrapped = await wrappedKeys(t.context, key);
  t.is(wrapped.length, 3);
  const before = await leftOf(t.context, key);
  t.is(before.filter((one) => one === 'object').length, 2);
  const whole = await Promise.all(others.map((one) => leftOf(t.context, one)));

  t.truthy(await t.context.erase(key));
  await isErased(t, key);
  const left = await dump(t.context);
  for (const one of wrapped) t.false(left.includes(one));
  t.deepEqual(await Promise.all(others.map((one) => leftOf(t.context, one))), whole);
  for (const one of others) {
    t.true(body.equals(await t.context.get(one, { ...bob, version: 1 })));
    t.like(await t.context.verify(one), { verified: true, head: { version: 3, edition: 2 } });
  }
  await noOrphans(t, t.context);
});

for (const fate of ['anchored', 'not anchored'] as const) {
  test.serial(
    `the wrapped key of a put that was cut off and is ${fate} is gone with the others`,
    async (t) => {
      const { put, erase, putDeps, ledger } = t.context;
      const key = await made(t.context);
      const wrapped: string[] = [];
      const dataKey: typeof putDeps.keys.dataKey = async (owner) => {
        const made = await putDeps.keys.dataKey(owner);
        wrapped.push(made.wrapped);
        return made;
      };
      const publish = () => Promise.reject(new errors.Unavailable('the process has ended'));
      const keysOf = { ...putDeps.keys, dataKey };
      const deps = { ...putDeps, keys: keysOf, metadata: { ...putDeps.metadata, publish } };
      if (fate === 'not anchored') ledger.fates.push('unknown, lost');
      await t.throwsAsync(put(key, body, { deps }), { instanceOf: errors.FateOpen });
      t.is(wrapped.length, 1);
      t.true((await dump(t.context)).includes(wrapped[0]!));

      t.truthy(await erase(key));
      t.false((await dump(t.context)).includes(wrapped[0]!));
      t.is((await sweepLater(t.context, patience.stored + 1000)).failed, 0);
      await isErased(t, key);
      await noOrphans(t, t.context);
    },
  );
}

test('it is gone for good, whatever is asked', async (t) => {
  const { get, verify, policy, restrict, put, erase, audit } = t.context;
  const [key, first] = [fresh(), { id: randomUUID() }];
  const receipt = await put(key, body, first);
  await made(t.context, key);
  t.deepEqual(await put(key, body, first), receipt);
  await erase(key);
  const gone = { instanceOf: errors.Gone };
  await t.throwsAsync(get(key), gone);
  await t.throwsAsync(get(key, { version: 1 }), gone);
  await t.throwsAsync(verify(key), gone);
  await t.throwsAsync(policy(key), gone);
  await t.throwsAsync(restrict(key, open), gone);
  await t.throwsAsync(put(key, body), gone);
  await t.throwsAsync(put(key, body, first), gone);
  // Who may not write it hears what was there as little as before.
  await t.throwsAsync(put(key, body, bob), { instanceOf: errors.Forbidden });
  t.false(audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
  await isErased(t, key);
});

test('who could read it hears that it is gone; to others there is none, and never was', async (t) => {
  const { get, verify, policy, restrict, erase, audit } = t.context;
  const key = await made(t.context);
  await erase(key);
  const [gone, notFound] = [{ instanceOf: errors.Gone }, { instanceOf: errors.NotFound }];
  await t.throwsAsync(get(key, bob), gone);
  await t.throwsAsync(get(key, { ...bob, version: 1 }), gone);
  await t.throwsAsync(verify(key, bob), gone);
  // As before, who may read it does not learn who else may.
  await t.throwsAsync(policy(key, bob), notFound);

  const other = await made(t.context);
  await restrict(other, ownerOnly);
  await erase(other);
  await t.throwsAsync(get(other), gone);
  const there = await t.throwsAsync(get(other, bob), notFound);
  const not = await t.throwsAsync(get(fresh(), bob), notFound);
  t.deepEqual(errors.toProblem(there), errors.toProblem(not));
  t.false(audit.some((fact) => fact.audit === 'integrity' && [key, other].includes(fact.key)));
});

test.serial('a policy that somebody made up afterwards tells nobody', async (t) => {
  const { get, restrict, erase, etcd } = t.context;
  const key = await made(t.context);
  await restrict(key, ownerOnly);
  await erase(key);
  const at = keys.policy(refOf(key));
  const { revision } = (await etcd.get(at))!;
  await etcd.commit({ [at]: revision }, [{ key: at, value: open }]);
  await t.throwsAsync(get(key, bob), { instanceOf: errors.NotFound });
  await t.throwsAsync(get(key), { instanceOf: errors.Gone });
});

test('only the owner whom the chain names erases it; to others there is no such datum', async (t) => {
  const { get, restrict, erase, putDeps, etcd } = t.context;
  const key = await made(t.context);
  await restrict(key, 'permit (principal, action, resource);');
  const notFound = { instanceOf: errors.NotFound };
  const there = await t.throwsAsync(erase(key, bob), notFound);
  const not = await t.throwsAsync(erase(fresh()), notFound);
  t.deepEqual(errors.toProblem(there), errors.toProblem(not));
  // Whatever etcd says.
  const datum = (await putDeps.metadata.datum(refOf(key)))!;
  const at = keys.datum(refOf(key));
  const forged = JSON.stringify({ ...datum.value, owner: 'id-bob' });
  await etcd.commit({ [at]: datum.revision }, [{ key: at, value: forged }]);
  await t.throwsAsync(erase(key, bob), notFound);
  const { revision } = (await etcd.get(at))!;
  await etcd.commit({ [at]: revision }, [{ key: at, value: JSON.stringify(datum.value) }]);
  t.true(body.equals(await get(key)));
  t.deepEqual(
    (await etcd.list(prefixes.erasures, 1000)).filter(
      (one) => one.key === keys.erasure(refOf(key)),
    ),
    [],
  );
});

test('the same again is the same success, with the first transaction', async (t) => {
  const { erase } = t.context;
  const key = await made(t.context);
  const first = await erase(key);
  t.is(await erase(key), first);
  await t.throwsAsync(erase(key, bob), { instanceOf: errors.NotFound });
  await isErased(t, key);
});

test('of two at the same moment both succeed, and the event is told once', async (t) => {
  const { erase, announced } = t.context;
  const key = await made(t.context);
  const [one, two] = await Promise.all([erase(key), erase(key)]);
  t.is(one, two);
  await isErased(t, key);
  const told = announced.filter(({ type, data }) => type.includes('erased') && data.key === key);
  t.is(told.length, 1);
  t.like(told[0], {
    ...{ type: 'dev.selvedge.data.erased.v1', subject: `supply/${key}` },
    data: { network: 'supply', key, owner: 'id-alice' },
  });
});

test.serial('an unknown commit of an erasure is found, or told', async (t) => {
  const { erase, get, ledger } = t.context;
  const [one, two] = [await made(t.context), await made(t.context)];
  ledger.fates.push('unknown, committed');
  t.truthy(await erase(one));
  await isErased(t, one);
  ledger.fates.push('unknown, lost');
  await t.throwsAsync(erase(two), { instanceOf: errors.FateOpen });
  t.true(body.equals(await get(two)));
  t.truthy(await erase(two));
  await isErased(t, two);
});

test.serial(
  'a peer that refuses once is asked again; one that goes on, and nothing is erased',
  async (t) => {
    const { erase, get, ledger } = t.context;
    const [one, two] = [await made(t.context), await made(t.context)];
    ledger.fates.push('refused');
    t.truthy(await erase(one));
    ledger.fates.push(...Array<'refused'>(5).fill('refused'));
    await t.throwsAsync(erase(two), { instanceOf: errors.Unprocessable });
    t.true(body.equals(await get(two)));
    // What was begun is called off, not done.
    t.is((await sweepLater(t.context, patience.open + 1000)).failed, 0);
    t.true(body.equals(await get(two)));
    await noOrphans(t, t.context);
  },
);

test.serial('a note that somebody made up removes nothing, and is never sent', async (t) => {
  const { get, etcd, ledger } = t.context;
  const key = await made(t.context);
  const before = await leftOf(t.context, key);
  const forged: Erasure = { ...refOf(key), since: '2020-01-01T00:00:00.000Z' };
  const at = keys.erasure(forged);
  await etcd.commit({ [at]: '0' }, [{ key: at, value: JSON.stringify(forged) }]);
  const groups = ledger.groups.length;
  t.is((await sweepLater(t.context, 0)).failed, 0);
  t.is(ledger.groups.length, groups);
  t.deepEqual(await leftOf(t.context, key), before);
  t.true(body.equals(await get(key)));
  await noOrphans(t, t.context);
});

test.serial('records that somebody made up cost nobody else a ciphertext', async (t) => {
  const { get, put, etcd, erase } = t.context;
  const [key, other] = [await made(t.context), fresh()];
  const { index } = await put(other, body, { tier: 'object' });
  const [record] = await etcd.list(keys.version(refOf(other), '/'), 1);
  const at = keys.version(refOf(key), index);
  await etcd.commit({ [at]: '0' }, [{ key: at, value: record!.value }]);
  await erase(key);
  await isErased(t, key);
  t.true(body.equals(await get(other)));
});

test.serial('out of space, what is there is erased all the same', async (t) => {
  const { erase, get, put, putDeps } = t.context;
  const [key, first] = [fresh(), randomUUID()];
  await put(key, body, { id: first });
  await made(t.context, key);
  const full = () => Promise.reject(new errors.NoSpace('etcd is out of space'));
  // As etcd does: what writes is refused, what only deletes is taken.
  const { etcd } = t.context;
  const { createMetadata } = await import('../../functions/lib/data/metadata.ts');
  const metadata = createMetadata({
    ...etcd,
    commit: (expected, changes) =>
      changes.some(({ value }) => value !== undefined) ? full() : etcd.commit(expected, changes),
  });
  t.truthy(await erase(key, { deps: { ...putDeps, metadata } }));
  t.deepEqual(await leftOf(t.context, key), [prefixes.policies]);
  await t.throwsAsync(get(key), { instanceOf: errors.Gone });
  for (const id of [first, randomUUID()])
    await t.throwsAsync(put(key, body, { id }), { instanceOf: errors.Gone });
  await noOrphans(t, t.context);
});

test.serial(
  'the event of an erasure that was cut off reaches the Broker by the sweep',
  async (t) => {
    const { erase, putDeps } = t.context;
    const key = await made(t.context);
    const eraseVersions = () => Promise.reject(new errors.Unavailable('the process has ended'));
    const deps = { ...putDeps, metadata: { ...putDeps.metadata, eraseVersions } };
    await t.throwsAsync(erase(key, { deps }), { instanceOf: errors.FateOpen });
    const { events, failed } = await sweepLater(t.context, patience.stored + 1000);
    t.is(failed, 0);
    const told = events.filter(({ type, data }) => type.includes('erased') && data.key === key);
    t.is(told.length, 1);
    await isErased(t, key);
  },
);
