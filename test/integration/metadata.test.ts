import { randomBytes, randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { NoSpace, TooLarge, Unavailable } from '../../functions/lib/errors.ts';
import { connectEtcd, type Etcd } from '../../functions/lib/data/etcd.ts';
import { keys, recordPlace, type Place } from '../../functions/lib/data/datum.ts';
import { policyDigest } from '../../functions/lib/data/digests.ts';
import { createMetadata, type Metadata } from '../../functions/lib/data/metadata.ts';
import type { OpenIntent } from '../../functions/lib/data/model.ts';
import { until } from '../../functions/lib/until.ts';
import { startEtcd, type EtcdServer } from './harness.ts';

const MiB = 1024 * 1024;
interface Context {
  server: EtcdServer;
  etcd: Etcd;
  metadata: Metadata;
}
const test = anyTest as TestFn<Context>;
test.before(async (t) => {
  const server = await startEtcd();
  const etcd = connectEtcd(server.options);
  t.context = { server, etcd, metadata: createMetadata(etcd) };
});
test.after.always(async (t) => {
  t.context.etcd.close();
  await t.context.server.stop();
});

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };
const intentOf = (key: string, changes: Partial<OpenIntent> = {}): OpenIntent => ({
  id: randomUUID(),
  ...network,
  key,
  owner: 'alice',
  policy: 'sha256:ab',
  tier: 'record',
  index: recordPlace(network, randomUUID()).index,
  contentType: 'application/json',
  createdAt: '2026-01-01T00:00:00.000Z',
  attempt: randomUUID(),
  since: '2026-01-01T00:00:00.000Z',
  state: 'open',
  ...changes,
});

test('of two that claim a datum at once, one gets it', async (t) => {
  const { metadata } = t.context;
  const [one, two] = [intentOf('race'), intentOf('race', { owner: 'bob' })];
  const claims = await Promise.all(
    [one, two].map((intent) => metadata.claim({ intent, datum: undefined, policy: 'p' })),
  );
  const won = claims.filter((claim) => claim !== undefined);
  t.is(won.length, 1);
  const datum = await metadata.datum(one);
  t.deepEqual(datum?.value, { owner: won[0]!.value.owner, claims: 1 });
  t.is(await metadata.policy(one), 'p');
});

test('an id is claimed once', async (t) => {
  const { metadata } = t.context;
  const intent = intentOf('once');
  t.truthy(await metadata.claim({ intent, datum: undefined, policy: 'p' }));
  const datum = await metadata.datum(intent);
  const again = { ...intent, attempt: 'other' };
  t.is(await metadata.claim({ intent: again, datum, policy: 'p' }), undefined);
});

test('who holds an older state of an intent cannot change it', async (t) => {
  const { metadata } = t.context;
  const intent = intentOf('stale');
  const first = (await metadata.claim({ intent, datum: undefined, policy: 'p' }))!;
  const second = await metadata.advance(first, { ...intent, attempt: 'second' });
  t.truthy(second);
  const ciphertext = { key: keys.record(network, 'stale'), value: Buffer.from('x') };
  t.is(await metadata.advance(first, { ...intent, attempt: 'third' }, [ciphertext]), undefined);
  t.is(await metadata.readCiphertext(ciphertext.key), undefined);
});

test('an answer that was lost is recognised as our own write', async (t) => {
  const { etcd } = t.context;
  const intent = intentOf('lost');
  // The first try went through unseen: the SDK's second one finds its revision gone.
  const forgetful: Etcd = {
    ...etcd,
    commit: async (...args) => {
      await etcd.commit(...args);
      return etcd.commit(...args);
    },
  };
  const metadata = createMetadata(forgetful);
  const claimed = await metadata.claim({ intent, datum: undefined, policy: 'p' });
  t.deepEqual(claimed?.value, intent);
  t.truthy(await metadata.advance(claimed!, { ...intent, state: 'abandoned' }));
});

test('a policy is published once, and none after a later one', async (t) => {
  const { metadata, etcd } = t.context;
  const intent = intentOf('policies');
  await metadata.claim({ intent, datum: undefined, policy: 'first' });
  const ref = { ...network, key: 'policies' };
  const proposal = (edition: number, policy: string) => ({
    ...{ ...ref, edition, policy, since: '2026-01-01T00:00:00.000Z' },
  });
  const named = ({ edition, policy }: { edition: number; policy: string }) =>
    metadata.proposal(ref, { edition, policy: policyDigest(policy) });
  const [second, third] = [proposal(2, 'second'), proposal(3, 'third')];
  for (const one of [second, third, third]) t.true(await metadata.propose(one));
  t.deepEqual((await named(second))?.value, second);
  t.is(await named({ ...second, edition: 3 }), undefined);

  const before = (await metadata.datum(ref))!;
  t.true(await metadata.enact(third, before));
  t.is(await metadata.policy(ref), 'third');
  t.like((await metadata.datum(ref))?.value, { owner: 'alice', claims: 1, edition: 3 });
  t.is(await named(third), undefined);
  // Who read the datum before may not go on, and who was overtaken changes nothing.
  t.false(await metadata.enact(second, before));
  t.true(await metadata.enact(second, (await metadata.datum(ref))!));
  t.is(await metadata.policy(ref), 'third');
  t.deepEqual(await etcd.list(keys.proposal(ref, { edition: 2, policy: '' }), 10), []);
});

test('a proposal that was made anew is not struck by who saw the old one', async (t) => {
  const { metadata } = t.context;
  const proposal = { ...network, key: 'anew', edition: 2, policy: 'p', since: 'then' };
  const seen = async () => {
    const all: Awaited<ReturnType<Metadata['proposal']>>[] = [];
    for await (const one of metadata.proposals()) if (one.value.key === 'anew') all.push(one);
    return all;
  };
  await metadata.propose(proposal);
  const [old] = await seen();
  await metadata.propose({ ...proposal, since: 'now' });
  await metadata.withdraw(old!);
  const [made, ...others] = await seen();
  t.like(made?.value, { since: 'now' });
  t.deepEqual(others, []);
  await metadata.withdraw(made!);
  t.deepEqual(await seen(), []);
});

test('a removed network is erased in batches, and no other network of its name', async (t) => {
  const { etcd, metadata } = t.context;
  const old = { ...network, incarnation: 'uid-0' };
  const longer = { ...network, incarnation: 'uid-01' };
  const fill = async (of: typeof network, count: number) => {
    for (let i = 0; i < count; i++) {
      const key = keys.record(of, String(i));
      await etcd.commit({ [key]: '0' }, [{ key, value: 'x' }]);
    }
  };
  await fill(old, 501);
  await fill(longer, 1);
  const intent = intentOf('kept', { ...old, id: 'old' });
  await metadata.claim({ intent, datum: undefined, policy: 'p' });
  const mine = intentOf('kept');
  await metadata.claim({ intent: mine, datum: undefined, policy: 'p' });
  t.false(await metadata.erase(old));
  t.false(await metadata.erase(old));
  t.true(await metadata.erase(old));
  t.is(await metadata.datum(intent), undefined);
  t.is(await metadata.intent(old, 'old'), undefined);
  t.truthy(await metadata.datum(mine));
  t.truthy(await metadata.intent(network, mine.id));
  t.truthy(await metadata.readCiphertext(keys.record(longer, '0')));
});

test('long lists come whole and in order', async (t) => {
  const { etcd } = t.context;
  const names = Array.from({ length: 450 }, (_, i) => `list/${String(i).padStart(4, '0')}`);
  for (const key of [...names, 'lisu']) await etcd.commit({ [key]: '0' }, [{ key, value: 'x' }]);
  const found: string[] = [];
  for (let page = await etcd.list('list/', 200); page.length > 0;) {
    found.push(...page.map(({ key }) => key));
    page = await etcd.list('list/', 200, page.at(-1)!.key);
  }
  t.deepEqual(found, names);
});

/** The least time of several, in milliseconds: what others do on the machine only adds to it. */
async function least(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

test.serial('a page costs what it holds, not what follows it', async (t) => {
  const { etcd } = t.context;
  const value = randomBytes(MiB);
  await etcd.commit({ 'pages/10': '0' }, [{ key: 'pages/10', value: 'small' }]);
  for (let i = 11; i < 111; i++) {
    await etcd.commit({ [`pages/${i}`]: '0' }, [{ key: `pages/${i}`, value }]);
  }
  const one = await least(() => etcd.get('pages/10'));
  const page = await least(() => etcd.list('pages/', 1));
  t.true(page < 3 * one, `a page of one takes ${page} ms, one ${one} ms`);
  while ((await etcd.erase('pages/', 20)) > 0);
});

test('what is held is held once, until it is let go or its time is over', async (t) => {
  const { etcd } = t.context;
  const letGo = await etcd.hold('held', 60);
  t.truthy(letGo);
  t.is(await etcd.hold('held', 60), undefined);
  await letGo!();
  t.truthy(await etcd.hold('held', 1));
  const again = until({ what: 'it to be let go', timeoutMs: 20_000 }, () => etcd.hold('held', 60));
  t.truthy(await again);
});

test('more than etcd takes at once is too large', async (t) => {
  const value = randomBytes(2 * MiB);
  const commit = t.context.etcd.commit({ big: '0' }, [{ key: 'big', value }]);
  await t.throwsAsync(commit, { instanceOf: TooLarge });
});

test('without a client certificate nothing is answered', async (t) => {
  const { tlsDir: _, ...options } = t.context.server.options;
  const etcd = connectEtcd({ ...options, timeoutMs: 500 });
  await t.throwsAsync(etcd.get('x'), { instanceOf: Unavailable });
  etcd.close();
});

test('where nobody listens it is unavailable, within the deadline', async (t) => {
  const etcd = connectEtcd({
    ...t.context.server.options,
    endpoints: ['https://127.0.0.1:9'],
    timeoutMs: 500,
  });
  const start = Date.now();
  await t.throwsAsync(etcd.get('x'), { instanceOf: Unavailable });
  t.true(Date.now() - start < 5000);
  etcd.close();
});

test('one member that is away is passed over', async (t) => {
  const { options } = t.context.server;
  const endpoints = ['https://127.0.0.1:9', ...options.endpoints, 'https://127.0.0.1:19'];
  const etcd = connectEtcd({ ...options, endpoints, timeoutMs: 1000 });
  for (let i = 0; i < 20; i++) t.is(await etcd.get('nothing'), undefined);
  etcd.close();
});

test('out of space is told, and deletes still work', async (t) => {
  const server = await startEtcd({ quota: 8 * MiB });
  t.teardown(() => server.stop());
  const etcd = connectEtcd(server.options);
  t.teardown(() => etcd.close());
  const fill = async () => {
    for (let i = 0; i < 100; i++) {
      const key = `fill/${i}`;
      await etcd.commit({ [key]: '0' }, [{ key, value: randomBytes(MiB) }]);
    }
  };
  const metadata = createMetadata(etcd);
  const intent = intentOf('full');
  const claimed = (await metadata.claim({ intent, datum: undefined, policy: 'p' }))!;
  const place = recordPlace(network, 'full') as Extract<Place, { tier: 'record' }>;
  const text = { key: place.key, value: Buffer.from('x') };
  const open = (await metadata.advance(claimed, intent, [text]))!;
  await t.throwsAsync(fill(), { instanceOf: NoSpace });
  t.false(await metadata.forget(claimed, [place.key]), 'it was changed since');
  t.true(await metadata.forget(open, [place.key]));
  t.is(await metadata.readCiphertext(place.key), undefined);
  t.is(await metadata.datum(intent), undefined);
  const { revision } = (await etcd.get('fill/0'))!;
  t.truthy(await etcd.commit({ 'fill/0': revision }, [{ key: 'fill/0' }]));
  t.is(await etcd.get('fill/0'), undefined);
  await t.throwsAsync(metadata.holdSweep(60), { instanceOf: NoSpace });
});
