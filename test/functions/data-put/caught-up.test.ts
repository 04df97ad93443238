/** Peers that do not have yet what etcd has published: nobody is told of it that there is no such datum. */
import test from 'ava';
import type { Deps } from '../../../functions/data-put/deps.ts';
import { caughtUp } from '../../../functions/data-put/caught-up.ts';
import { eraseDatum } from '../../../functions/data-put/erasure.ts';
import { putPolicy } from '../../../functions/data-put/policy.ts';
import { policyDigest } from '../../../functions/lib/data/digests.ts';
import type { Head } from '../../../functions/lib/data/fact.ts';
import { NotFound, Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';

const ref = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a' };
const alice = { id: 'alice' };
const head = (version: number, edition = 1, more: Partial<Head> = {}): Head => ({
  ...{ owner: 'alice', version, edition, policy: policyDigest('one'), erased: false, ...more },
});

/** A chain that has these heads, one after another, the last for good; etcd has published `published`. */
function depsOf(heads: (Head | undefined)[], published?: { current?: number; edition?: number }) {
  const seen = { asked: 0, amended: 0 };
  const value = published && { owner: 'alice', claims: 1, ...published };
  const yes = () => Promise.resolve(true);
  const deps = {
    names: { idOf: () => Promise.resolve('id') },
    metadata: {
      datum: () => Promise.resolve(value && { value, revision: '1' }),
      ...{ begin: yes, close: yes, eraseVersions: yes, remove: yes, propose: yes, enact: yes },
    },
    objects: { bucket: 'selvedge' },
    chain: {
      head: () => Promise.resolve(heads[Math.min(seen.asked++, heads.length - 1)]),
      version: () => Promise.resolve({ index: 'etcd://elsewhere' }),
      amend: () => Promise.resolve(`tx-${++seen.amended}`),
    },
    validate: () => Promise.resolve([]),
    announce: () => undefined,
    now: () => new Date(),
  } as unknown as Deps;
  return { deps, seen };
}

const states: Record<
  string,
  {
    heads: (Head | undefined)[];
    published: { current?: number; edition?: number };
    sees: Head | undefined;
    asks: number;
  }
> = {
  'nothing, where nothing was published': {
    ...{ heads: [undefined], published: {}, sees: undefined, asks: 1 },
  },
  'the head, where it is not published yet': {
    ...{ heads: [head(1)], published: {}, sees: head(1), asks: 1 },
  },
  'the head, where it is past what was published': {
    ...{ heads: [head(3)], published: { current: 2 }, sees: head(3), asks: 1 },
  },
  'the version that was published': {
    ...{ heads: [undefined, head(1), head(2)], published: { current: 2 } },
    ...{ sees: head(2), asks: 3 },
  },
  'the policy that was published': {
    ...{ heads: [head(2), head(2, 2)], published: { current: 1, edition: 2 } },
    ...{ sees: head(2, 2), asks: 2 },
  },
};
for (const [name, { heads, published, sees, asks }] of Object.entries(states)) {
  test(`what the chain says of a datum: ${name}`, async (t) => {
    const { deps, seen } = depsOf(heads);
    t.deepEqual(await caughtUp(deps, ref, published), sees);
    t.is(seen.asked, asks);
  });
}

test('a chain that cannot be asked is not asked again', async (t) => {
  const { deps } = depsOf([]);
  deps.chain.head = () => Promise.reject(new Unprocessable('it knows no such chaincode'));
  const asking = caughtUp(deps, ref, { current: 1 });
  await t.throwsAsync(asking, { instanceOf: Unavailable, message: /cannot be asked/ });
});

test('an erasure right after a put waits for peers that lag behind it', async (t) => {
  const heads = [undefined, head(1), head(1, 1, { erased: true })];
  const { deps } = depsOf(heads, { current: 1 });
  t.is(await eraseDatum(deps, { ref, caller: alice }), 'tx-1');
});

test('a policy right after a put waits for peers that lag behind it', async (t) => {
  const { deps } = depsOf([undefined, head(1)], { current: 1 });
  const change = await putPolicy(deps, { ref, caller: alice, text: 'two', ifMatch: '"1"' });
  t.like(change, { edition: 2, policy: policyDigest('two'), transactionId: 'tx-1' });
});

test('whatever etcd says of its last version, the owner erases it', async (t) => {
  const heads = [head(1), head(1, 1, { erased: true })];
  const { deps } = depsOf(heads, { current: 99, edition: 99 });
  t.is(await eraseDatum(deps, { ref, caller: alice }), 'tx-1');
});

test('of what nobody has published there is none at once', async (t) => {
  const { deps, seen } = depsOf([undefined]);
  await t.throwsAsync(eraseDatum(deps, { ref, caller: alice }), { instanceOf: NotFound });
  t.is(seen.asked, 1);
});
