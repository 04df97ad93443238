/** Erasing a datum while others put it, change its policy or read it. */
import { randomBytes } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { patience } from '../../functions/data-put/decisions.ts';
import type { Deps } from '../../functions/data-put/deps.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { keys, prefixes } from '../../functions/lib/data/datum.ts';
import * as errors from '../../functions/lib/errors.ts';
import { body, fresh, isErased, leftOf, made, refOf } from './erased.ts';
import { caller, noOrphans, startWorld, sweepLater, type World, opened } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

/** A put at whose fact something happens before the chain sees it. */
const before = (deps: Deps, work: () => Promise<unknown>): Deps => ({
  ...deps,
  chain: { ...deps.chain, add: (...args) => work().then(() => deps.chain.add(...args)) },
});

for (const tier of ['record', 'object'] as const) {
  test(`a put of one ${tier} that is under way is refused, and leaves nothing`, async (t) => {
    const { put, erase, putDeps } = t.context;
    const key = await made(t.context);
    const deps = before(putDeps, () => erase(key));
    await t.throwsAsync(put(key, body, { tier, deps }), { instanceOf: errors.Gone });
    await isErased(t, key);
  });

  test(`a put of one ${tier} that the chain took before is published no more`, async (t) => {
    const { put, erase, putDeps } = t.context;
    const key = await made(t.context);
    const { metadata } = putDeps;
    let erasing: Promise<unknown> | undefined;
    const publish: typeof metadata.publish = async (publication) => {
      await (erasing ??= erase(key));
      return metadata.publish(publication);
    };
    const deps = { ...putDeps, metadata: { ...metadata, publish } };
    await t.throwsAsync(put(key, body, { tier, deps }), { instanceOf: errors.Gone });
    await isErased(t, key);
  });

  test.serial(`a ${tier} that was cut off is swept, and its key with it`, async (t) => {
    const { put, erase, putDeps } = t.context;
    const key = await made(t.context);
    const publish = () => Promise.reject(new errors.Unavailable('the process has ended'));
    const deps = { ...putDeps, metadata: { ...putDeps.metadata, publish } };
    await t.throwsAsync(put(key, body, { tier, deps }), { instanceOf: errors.FateOpen });
    await erase(key);
    t.is((await sweepLater(t.context, patience.stored + 1000)).failed, 0);
    await isErased(t, key);
    await noOrphans(t, t.context);
  });
}

test('a change of policy that is under way changes nothing', async (t) => {
  const { restrict, erase, putDeps } = t.context;
  const key = await made(t.context);
  const { metadata } = putDeps;
  const enact: typeof metadata.enact = async (...args) => {
    await erase(key);
    return metadata.enact(...args);
  };
  const deps = { ...putDeps, metadata: { ...metadata, enact } };
  await restrict(key, ownerOnly, { deps }).catch(() => undefined);
  await isErased(t, key);
});

for (const call of ['version', 'policy', 'datum'] as const) {
  test(`who asked for its ${call} before it was erased hears that it is gone`, async (t) => {
    const { erase, getDeps, audit, get } = t.context;
    const key = await made(t.context);
    const { metadata } = getDeps;
    let erasing: Promise<unknown> | undefined;
    const late = async (...args: [never, never]): Promise<never> => {
      await (erasing ??= erase(key));
      return metadata[call](...args) as Promise<never>;
    };
    const deps = { ...getDeps, metadata: { ...metadata, [call]: late } };
    const request = { ref: refOf(key), caller: caller('alice'), version: undefined };
    await t.throwsAsync(opened(deps, request), { instanceOf: errors.Gone });
    await t.throwsAsync(get(key), { instanceOf: errors.Gone });
    t.false(audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
  });
}

test('peers that lag behind an erasure give nobody what was', async (t) => {
  const { erase, getDeps, audit } = t.context;
  const key = await made(t.context);
  const old = (await getDeps.chain.head(refOf(key)))!;
  await erase(key);
  let asked = 0;
  const head: typeof getDeps.chain.head = (ref) =>
    asked++ < 3 ? Promise.resolve(old) : getDeps.chain.head(ref);
  const deps = { ...getDeps, chain: { ...getDeps.chain, head } };
  const request = { ref: refOf(key), caller: caller('alice'), version: undefined };
  await t.throwsAsync(opened(deps, request), { instanceOf: errors.Gone });
  t.true(asked > 3);
  t.false(audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
});

for (const pause of ['as it comes', 'and stops in the middle'] as const) {
  test.serial(`who reads meanwhile ${pause} gets what was, or an error`, async (t) => {
    const { put, erase, getDeps, audit } = t.context;
    const key = fresh();
    const large = randomBytes(20_000_000);
    await put(key, large, { contentType: 'video/mp4' });
    const request = { ref: refOf(key), caller: caller('alice'), version: undefined };
    const stream = await opened(getDeps, request);
    const given: Buffer[] = [];
    let erasing: Promise<unknown> | undefined;
    const reading = (async () => {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        given.push(chunk);
        erasing ??= erase(key);
        // The object store keeps a removal waiting for as long as this reader does not go on.
        if (pause !== 'as it comes') await erasing;
      }
    })();
    const [ended] = await Promise.allSettled([reading]);
    const read = Buffer.concat(given);
    t.true(large.subarray(0, read.length).equals(read));
    if (ended.status === 'fulfilled') t.is(read.length, large.length);
    t.truthy(await erasing);
    await t.throwsAsync(opened(getDeps, request), { instanceOf: errors.Gone });
    t.false(audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
    t.is((await sweepLater(t.context, patience.stored + 1000)).failed, 0);
    await isErased(t, key);
    await noOrphans(t, t.context);
  });
}

test.serial(
  'nobody waits for ciphertexts that the store does not remove; the sweep does',
  async (t) => {
    const { erase, get, etcd, putDeps } = t.context;
    const key = await made(t.context);
    const remove = () => new Promise<never>(() => undefined);
    const deps = { ...putDeps, objects: { ...putDeps.objects, remove } };
    t.truthy(await erase(key, { deps }));
    await t.throwsAsync(get(key), { instanceOf: errors.Gone });
    // Only noise is left, with no key that opens it.
    const left = new Set(await leftOf(t.context, key));
    t.deepEqual(left, new Set([prefixes.data, prefixes.policies, prefixes.erasures, 'object']));
    t.deepEqual(await etcd.list(keys.version(refOf(key), '/'), 10), []);
    t.is((await sweepLater(t.context, patience.stored + 1000)).failed, 0);
    await isErased(t, key);
    await noOrphans(t, t.context);
  },
);
