/** Networks that were removed, or made again under an old name, and their data. */
import { randomBytes, randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { lateness } from '../../functions/data-put/sweep-networks.ts';
import { networkPrefixes, objectPrefix } from '../../functions/lib/data/datum.ts';
import { Unavailable } from '../../functions/lib/errors.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { createIncarnations } from '../../functions/lib/vault/incarnations.ts';
import { network, startWorld, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

test.serial('a network made again under an old name meets none of its data', async (t) => {
  const { put, get, ledger, putDeps } = t.context;
  const [key, body] = [randomUUID(), randomBytes(100)];
  await put(key, body);
  const again = { ...network, incarnation: randomUUID() };
  const deps = { ...putDeps, networks: { find: () => Promise.resolve(again) } };
  // A new network has a new chain.
  const before = new Map(ledger.state);
  ledger.state.clear();
  t.like(await put(key, randomBytes(200), { who: 'bob', deps }), { version: 1, owner: 'id-bob' });
  ledger.state.clear();
  for (const [name, text] of before) ledger.state.set(name, text);
  t.true(body.equals(await get(key)));
});

test.serial('deleting a network erases its data, finished or not, and nothing else', async (t) => {
  const { put, get, putDeps, etcd, vault, ahead } = t.context;
  const [kept, body] = [randomUUID(), randomBytes(100)];
  await put(kept, body, { tier: 'object' });
  const gone = { ...network, incarnation: randomUUID() };
  const deps = { ...putDeps, networks: { find: () => Promise.resolve(gone) } };
  for (const tier of ['record', 'object'] as const) {
    await put(randomUUID(), body, { tier, deps });
    const cut = {
      ...deps,
      chain: { ...deps.chain, add: () => Promise.reject(new Unavailable('no peer')) },
    };
    await t.throwsAsync(put(randomUUID(), body, { tier, deps: cut }));
  }
  const left = async () => {
    const found = await Promise.all(networkPrefixes(gone).map((prefix) => etcd.list(prefix, 100)));
    const objects = await t.context.minio
      .client()
      .listObjectsV2('selvedge', objectPrefix(gone), true)
      .toArray();
    return found.flat().length + objects.length;
  };
  t.true((await left()) > 10);
  const removed = putDeps.now().toISOString();
  const bury = createIncarnations(connectVault(vault.as('provisioning'))).bury;
  await bury({ ...gone, removed });

  t.like(await t.context.sweep(), { failed: 0, erased: 0 });
  t.is(await left(), 0);
  t.deepEqual(await putDeps.incarnations.removed(), [{ ...gone, removed }]);
  // A put that was on its way wrote after all.
  await put(randomUUID(), body, { deps });
  ahead.ms += lateness + 1000;
  t.like(await t.context.sweep(), { failed: 0, erased: 1 });
  ahead.ms -= lateness + 1000;
  t.is(await left(), 0);
  t.deepEqual(await putDeps.incarnations.removed(), []);
  t.true(body.equals(await get(kept)));
});
