/** Changing who may read and write a datum: in force at once, for everybody, and only by its owner. */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { check } from '../../functions/data-get/policy.ts';
import { patience } from '../../functions/data-put/decisions.ts';
import type { Deps } from '../../functions/data-put/deps.ts';
import * as errors from '../../functions/lib/errors.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { keys, prefixes } from '../../functions/lib/data/datum.ts';
import { policyDigest } from '../../functions/lib/data/digests.ts';
import type { Proposal } from '../../functions/lib/data/model.ts';
import { caller, network, opened, noOrphans, startWorld, sweepLater, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const open = `${ownerOnly}@id("open") permit (principal, action == Action::"read", resource);`;
const writers = `${ownerOnly}@id("bob") permit (principal == User::"id-bob", action, resource);`;
const body = Buffer.from('{"celsius":21}');
const bob = { who: 'bob' };

async function made({ put }: World): Promise<string> {
  const key = `policy-${randomUUID()}`;
  await put(key, body);
  return key;
}

test('a change counts for the next request of everybody, both ways', async (t) => {
  const { put, get, restrict, policy, verify } = t.context;
  const key = await made(t.context);
  t.is(await policy(key), ownerOnly);
  await t.throwsAsync(get(key, bob), { instanceOf: errors.NotFound });

  const opened = await restrict(key, open);
  t.like(opened, { network: 'supply', key, edition: 2, policy: policyDigest(open) });
  t.truthy(opened.transactionId);
  t.true(body.equals(await get(key, bob)));
  t.is(await policy(key), open);
  await t.throwsAsync(put(key, body, bob), { instanceOf: errors.Forbidden });

  t.like(await restrict(key, writers), { edition: 3 });
  t.is((await put(key, body, bob)).version, 2);
  t.like(await restrict(key, ownerOnly), { edition: 4 });
  await t.throwsAsync(get(key, bob), { instanceOf: errors.NotFound });
  await t.throwsAsync(put(key, body, bob), { instanceOf: errors.Forbidden });
  t.is((await put(key, body)).version, 3);
  t.like(await verify(key), { verified: true, head: { edition: 4, version: 3 } });
});

test('who has no datum of the name can neither read, change nor ask its policy', async (t) => {
  const { policy, restrict, getDeps, audit } = t.context;
  const key = await made(t.context);
  await restrict(key, open);
  const absent = `absent-${randomUUID()}`;
  const ask = (of: string) =>
    check(
      getDeps,
      { ref: { ...network, key: of }, caller: caller('bob'), version: undefined },
      { caller: caller('bob'), action: 'read' },
    );
  for (const act of [
    (of: string) => policy(of, bob),
    (of: string) => restrict(of, open, bob),
    ask,
  ]) {
    const there = await t.throwsAsync(act(key), { instanceOf: errors.NotFound });
    const not = await t.throwsAsync(act(absent), { instanceOf: errors.NotFound });
    t.deepEqual(errors.toProblem(there), errors.toProblem(not));
  }
  t.true(audit.some((fact) => fact.audit === 'denied' && fact.key === key));
});

test('the owner may change a policy that lets nobody in', async (t) => {
  const { restrict, get, policy } = t.context;
  const key = await made(t.context);
  await restrict(key, 'forbid (principal, action, resource);');
  await t.throwsAsync(get(key), { instanceOf: errors.NotFound });
  t.is(await policy(key), 'forbid (principal, action, resource);');
  await restrict(key, ownerOnly);
  t.true(body.equals(await get(key)));
});

test('a check tells what would be decided, and by which policy', async (t) => {
  const { restrict, getDeps } = t.context;
  const key = await made(t.context);
  await restrict(key, open);
  const ask = (who: string, action: 'read' | 'write') =>
    check(
      getDeps,
      { ref: { ...network, key }, caller: caller('alice'), version: undefined },
      { caller: caller(who), action },
    );
  t.deepEqual(await ask('bob', 'read'), { allowed: true, policies: ['open'], reason: 'by open' });
  t.like(await ask('bob', 'write'), { allowed: false, policies: [] });
  t.like(await ask('alice', 'write'), { allowed: true, policies: ['owner-only'] });
});

test('what is no policy by the schema is refused with its place, and nothing is written', async (t) => {
  const { restrict, etcd, policy, ledger } = t.context;
  const key = await made(t.context);
  const before = ledger.state.size;
  const bad = {
    'permit (principal, action, resource) when {\n principal.age > 18 };': /attribute `age`/,
    'permit (': /unexpected end/,
    '': /no policy/,
    [`${ownerOnly}//${'x'.repeat(65_536)}`]: /more than 65536 bytes/,
    [`permit (principal, action, resource) when { ${'('.repeat(500)}true${')'.repeat(500)} };`]:
      /deep/,
  };
  for (const [text, message] of Object.entries(bad)) {
    const error = await t.throwsAsync(restrict(key, text), { instanceOf: errors.Unprocessable });
    t.regex(error.message, message);
  }
  const error = await t.throwsAsync(restrict(key, Object.keys(bad)[0]!), {
    instanceOf: errors.Unprocessable,
  });
  const [fault] = error.members.errors as { path: string }[];
  t.regex(fault?.path ?? '', /^2:/);
  t.is(ledger.state.size, before);
  t.is(await policy(key), ownerOnly);
  t.deepEqual(
    await etcd.list(keys.proposal({ ...network, key }, { edition: 2, policy: '' }), 1),
    [],
  );
});

test('who means another edition is told so; the same again is in force', async (t) => {
  const { restrict, policy } = t.context;
  const key = await made(t.context);
  t.like(await restrict(key, open, { ifMatch: '"1"' }), { edition: 2 });
  const late = restrict(key, writers, { ifMatch: '"1"' });
  await t.throwsAsync(late, { instanceOf: errors.PreconditionFailed });
  t.is(await policy(key), open);
  const again = await restrict(key, open, { ifMatch: '"1"' });
  t.is(again.edition, 2);
  t.is(again.transactionId, undefined);
});

test('of changes at the same moment each gets an edition, and the last is in force', async (t) => {
  const { restrict, policy } = t.context;
  const key = await made(t.context);
  const texts = Array.from(
    { length: 4 },
    (_, i) => `@id("${i}") ${ownerOnly.replace(/@.*\n/, '')}`,
  );
  const done = await Promise.allSettled(texts.map((text) => restrict(key, text)));
  const changes = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  t.true(changes.length > 0);
  t.is(new Set(changes.map(({ edition }) => edition)).size, changes.length);
  const last = changes.sort((a, b) => b.edition - a.edition)[0]!;
  t.is(policyDigest(await policy(key)), last.policy);
  for (const one of done)
    if (one.status === 'rejected') t.true(one.reason instanceof errors.SelvedgeError);
});

test('of two that mean the same edition, one is told that it came second', async (t) => {
  const { restrict } = t.context;
  const key = await made(t.context);
  const done = await Promise.allSettled(
    [open, writers].map((text) => restrict(key, text, { ifMatch: '"1"' })),
  );
  const lost = done.filter((one) => one.status === 'rejected');
  t.is(lost.length, 1);
  t.true(lost[0]!.reason instanceof errors.PreconditionFailed);
});

/** A put whose fact comes to the chain after something else. */
const after = (deps: Deps, work: () => Promise<unknown>): Deps => ({
  ...deps,
  chain: { ...deps.chain, add: (...args) => work().then(() => deps.chain.add(...args)) },
});

test('a put that was let in by a policy that is no longer in force is refused by the chain', async (t) => {
  const { put, get, restrict, putDeps, verify } = t.context;
  const key = await made(t.context);
  await restrict(key, writers);
  const revoke = after(putDeps, () => restrict(key, ownerOnly));
  const late = put(key, Buffer.from('{"by":"bob"}'), { ...bob, deps: revoke });
  await t.throwsAsync(late, { instanceOf: errors.Conflict });
  t.true(body.equals(await get(key)));
  t.like(await verify(key), { verified: true, head: { version: 1, edition: 3 } });
  await t.throwsAsync(put(key, body, bob), { instanceOf: errors.Forbidden });
});

test('the same put again, after another policy came, is decided anew', async (t) => {
  const { put, restrict, putDeps } = t.context;
  const [key, id] = [await made(t.context), randomUUID()];
  const change = after(putDeps, () => restrict(key, open));
  await t.throwsAsync(put(key, body, { id, deps: change }), { instanceOf: errors.Conflict });
  t.is((await put(key, body, { id })).version, 2);
});

test.serial('a put finds a policy that was cut off before it was published', async (t) => {
  const { put, get, policy, restrict, putDeps, etcd } = t.context;
  const key = await made(t.context);
  const enact = () => Promise.reject(new errors.Unavailable('the process has ended'));
  const deps = { ...putDeps, metadata: { ...putDeps.metadata, enact } };
  await t.throwsAsync(restrict(key, open, { deps }), { instanceOf: errors.FateOpen });
  // It is in force: the chain says so.
  t.is(await policy(key), open);
  t.true(body.equals(await get(key, bob)));
  await t.throwsAsync(put(key, body), { instanceOf: errors.Conflict });
  t.is((await put(key, body)).version, 2);
  const left = await etcd.list(prefixes.proposals, 1000);
  t.deepEqual(
    left.filter((one) => one.key.includes(key)),
    [],
  );
});

test.serial('an unknown commit of a policy is found, or told', async (t) => {
  const { restrict, ledger, policy } = t.context;
  const key = await made(t.context);
  ledger.fates.push('unknown, committed');
  t.like(await restrict(key, open), { edition: 2 });
  ledger.fates.push('unknown, lost');
  await t.throwsAsync(restrict(key, ownerOnly), { instanceOf: errors.FateOpen });
  t.is(await policy(key), open);
  t.like(await restrict(key, ownerOnly), { edition: 3 });
  t.is(await policy(key), ownerOnly);
});

test.serial('a proposal that somebody made up is never sent to the chain', async (t) => {
  const { get, policy, etcd, ledger } = t.context;
  const key = await made(t.context);
  const forged: Proposal = {
    ...{ ...network, key, edition: 2, policy: open, since: '2020-01-01T00:00:00.000Z' },
  };
  const at = keys.proposal(forged, { edition: 2, policy: policyDigest(open) });
  await etcd.commit({ [at]: '0' }, [{ key: at, value: JSON.stringify(forged) }]);
  await t.throwsAsync(get(key, bob), { instanceOf: errors.NotFound });
  const before = ledger.groups.length;
  t.is((await sweepLater(t.context, patience.open + 1000)).failed, 0);
  t.is(ledger.groups.length, before);
  await t.throwsAsync(get(key, bob), { instanceOf: errors.NotFound });
  t.is(await policy(key), ownerOnly);
  await noOrphans(t, t.context);
});

test('peers that lag behind a revocation let nobody in', async (t) => {
  const { restrict, getDeps } = t.context;
  const key = await made(t.context);
  await restrict(key, open);
  const old = (await getDeps.chain.head({ ...network, key }))!;
  await restrict(key, ownerOnly);
  let asked = 0;
  const head: typeof getDeps.chain.head = (ref) =>
    asked++ < 3 ? Promise.resolve(old) : getDeps.chain.head(ref);
  const deps = { ...getDeps, chain: { ...getDeps.chain, head } };
  const request = { ref: { ...network, key }, caller: caller('bob'), version: undefined };
  await t.throwsAsync(opened(deps, request), { instanceOf: errors.NotFound });
  t.true(asked > 3);
});
