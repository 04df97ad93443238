/**
 * One who has broken into etcd and MinIO and may rewrite all there is: whatever they do ends in an integrity
 * error or a refusal, in a record for the audit, and gives nobody a byte that is not theirs to read.
 */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { patience } from '../../functions/data-put/decisions.ts';
import * as errors from '../../functions/lib/errors.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { keys } from '../../functions/lib/data/datum.ts';
import { policyDigest } from '../../functions/lib/data/digests.ts';
import type { OpenIntent, VersionRecord } from '../../functions/lib/data/model.ts';
import { edit, first, read, refOf, rewrite, second, victim, type Victim } from './intruder.ts';
import {
  caller,
  network,
  opened,
  startWorld,
  sweepLater,
  type GetOptions,
  type World,
} from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const open = '@id("open") permit (principal, action, resource);';

/** Everybody could read it for a while. */
async function changedTwice({ restrict }: World, key: string): Promise<void> {
  await restrict(key, open);
  await restrict(key, ownerOnly);
}

interface Attack {
  does: (world: World, victim: Victim) => Promise<void>;
  /** Who then reads; the owner when left out. */
  reads?: GetOptions;
  /** What they get; an integrity error when left out. */
  gets?: typeof errors.NotFound;
}

/** Puts what makes one version in the place of what makes another: record and ciphertext. */
async function transplant(world: World, from: { record: string; index: string }, to: typeof from) {
  const given = JSON.parse((await read(world, from.record)).toString()) as VersionRecord;
  const { tier, digest, size, wrapped, owner, format, contentType, createdAt } = given;
  const rest = { tier, digest, size, wrapped, owner, format, contentType, createdAt };
  await edit(world, to.record, rest);
  const bytes = await read(world, from.index.slice('etcd://'.length));
  await rewrite(world, to.index.slice('etcd://'.length), bytes);
}

const attacks: Record<string, Attack> = {
  'an old version is made current': {
    does: (world, { key }) => edit(world, keys.datum(refOf(key)), { current: 1 }),
  },
  'an old version is put in the place of the current one': {
    does: (world, { one, two, receipts }) =>
      transplant(
        world,
        { record: one, index: receipts[0]!.index },
        { record: two, index: receipts[1]!.index },
      ),
  },
  'the current version is removed and the old one made current': {
    does: async (world, { key, two }) => {
      await edit(world, keys.datum(refOf(key)), { current: 1 });
      await rewrite(world, two);
    },
  },
  'a version that was never anchored is made current': {
    does: (world, { key }) =>
      edit(world, keys.datum(refOf(key)), { current: 3, transactionId: 'forged' }),
  },
  'one version is replaced by that of another key of the owner': {
    does: async (world, { two, receipts }) => {
      const other = await victim(world);
      await transplant(
        world,
        { record: other.two, index: other.receipts[1]!.index },
        { record: two, index: receipts[1]!.index },
      );
    },
  },
  'one version is replaced by that of another owner': {
    does: async (world, { two, receipts }) => {
      const other = await victim(world, 'mallory');
      await transplant(
        world,
        { record: other.two, index: other.receipts[1]!.index },
        { record: two, index: receipts[1]!.index },
      );
    },
  },
  'another user’s datum is pointed at it': {
    does: async (world, { key, two }) => {
      const record = await read(world, two);
      const at = keys.datum(refOf(`mallory-${key}`));
      const datum = { owner: 'id-mallory', claims: 1, current: 1 };
      await rewrite(world, at, JSON.stringify(datum));
      await rewrite(world, keys.policy(refOf(`mallory-${key}`)), open);
      await rewrite(world, two.replace(key, `mallory-${key}`), record);
    },
    reads: { who: 'mallory' },
  },
  'a wrapped key is replayed': {
    does: async (world, { one, two }) => {
      const { wrapped } = JSON.parse((await read(world, one)).toString()) as VersionRecord;
      await edit(world, two, { wrapped });
    },
  },
  'the policy lets everybody read': {
    does: (world, { key }) => rewrite(world, keys.policy(refOf(key)), open),
    reads: { who: 'mallory' },
    gets: errors.NotFound,
  },
  'the policy lets everybody read, and the owner reads': {
    does: (world, { key }) => rewrite(world, keys.policy(refOf(key)), open),
  },
  'the policy is removed': {
    does: (world, { key }) => rewrite(world, keys.policy(refOf(key))),
  },
  'an old policy is put in the place of the one in force': {
    does: async (world, { key }) => {
      await changedTwice(world, key);
      await rewrite(world, keys.policy(refOf(key)), open);
    },
    reads: { who: 'mallory' },
    gets: errors.NotFound,
  },
  'an old policy is put in the place of the one in force, with its edition, and the owner reads': {
    does: async (world, { key }) => {
      await changedTwice(world, key);
      await rewrite(world, keys.policy(refOf(key)), open);
      await edit(world, keys.datum(refOf(key)), { edition: 2 });
    },
  },
  'an edition of the policy that was never anchored is made current': {
    does: async (world, { key }) => {
      await rewrite(world, keys.policy(refOf(key)), open);
      await edit(world, keys.datum(refOf(key)), { edition: 9 });
    },
    reads: { who: 'mallory' },
    gets: errors.NotFound,
  },
  'another policy is made up in the place of the one that the chain names': {
    does: async (world, { key }) => {
      const named = { edition: 1, policy: policyDigest(ownerOnly) };
      const proposal = { ...refOf(key), edition: 1, policy: open, since: '2020-01-01T00:00:00Z' };
      await rewrite(world, keys.proposal(refOf(key), named), JSON.stringify(proposal));
      await rewrite(world, keys.policy(refOf(key)), open);
    },
    reads: { who: 'mallory' },
    gets: errors.NotFound,
  },
  'the datum is another’s': {
    does: async (world, { key, two }) => {
      await edit(world, keys.datum(refOf(key)), { owner: 'id-mallory' });
      await edit(world, two, { owner: 'id-mallory' });
    },
    reads: { who: 'mallory' },
    gets: errors.NotFound,
  },
  'the entry is dropped': {
    does: (world, { key }) => rewrite(world, keys.datum(refOf(key))),
  },
  'the entry is dropped with its policy, and a stranger reads': {
    does: async (world, { key }) => {
      await rewrite(world, keys.datum(refOf(key)));
      await rewrite(world, keys.policy(refOf(key)));
    },
    reads: { who: 'mallory' },
    gets: errors.NotFound,
  },
  'it is said to be erased': {
    does: (world, { key }) =>
      edit(world, keys.datum(refOf(key)), { erasedAt: '2026-01-01T00:00:00.000Z' }),
  },
};

const members: Record<string, unknown> = {
  tier: 'object',
  digest: `sha256:${'00'.repeat(32)}`,
  size: 1,
  format: 'selvedge-1',
  contentType: 'text/html',
  createdAt: '2020-01-01T00:00:00.000Z',
  published: { version: 2, transactionId: 'forged', block: 1 },
};
for (const [name, value] of Object.entries(members)) {
  attacks[`another ${name} is written into the record`] = {
    does: (world, { two }) => edit(world, two, { [name]: value }),
  };
}

for (const [name, { does, reads = {}, gets = errors.IntegrityError }] of Object.entries(attacks)) {
  test(`${name}: no plaintext, and the audit hears of it`, async (t) => {
    const made = await victim(t.context);
    await does(t.context, made);
    const key = name.startsWith('another user’s') ? `mallory-${made.key}` : made.key;
    await t.throwsAsync(t.context.get(key, reads), { instanceOf: gets });
    t.true(t.context.audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
    const view = await t.context.verify(key, reads).catch((error: unknown) => error);
    if (view instanceof Error) t.true(view instanceof gets, view.message);
    else t.like(view, { verified: false });
  });
}

test('a block that was changed is shown by the receipt', async (t) => {
  const { key, two } = await victim(t.context);
  const { published } = JSON.parse((await read(t.context, two)).toString()) as VersionRecord;
  t.true((await t.context.verify(key)).verified);
  await edit(t.context, two, { published: { ...published, block: 99_999 } });
  const { verified, receipt } = await t.context.verify(key);
  t.false(verified);
  t.is(receipt.block, published!.block);
});

test('what was written in another life of the network is not read in this one', async (t) => {
  const { key, two, receipts } = await victim(t.context);
  const later = { ...network, incarnation: 'uid-2' };
  const move = async (from: string) =>
    rewrite(
      t.context,
      from.replace('/uid-1/', '/uid-2/'),
      (await read(t.context, from)).toString().replaceAll('/uid-1/', '/uid-2/'),
    );
  for (const at of [keys.datum(refOf(key)), keys.policy(refOf(key)), two]) await move(at);
  const record = receipts[1]!.index.slice('etcd://'.length);
  await rewrite(t.context, record.replace('/uid-1/', '/uid-2/'), await read(t.context, record));
  const { getDeps, audit } = t.context;
  const request = { ref: { ...later, key }, caller: caller('alice'), version: undefined };
  const reading = opened(getDeps, request);
  await t.throwsAsync(reading, { instanceOf: errors.IntegrityError });
  t.true(audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
});

test('a policy that was forged is mended by its owner', async (t) => {
  const { get, policy, restrict } = t.context;
  const { key } = await victim(t.context);
  await rewrite(t.context, keys.policy(refOf(key)), open);
  await t.throwsAsync(policy(key), { instanceOf: errors.IntegrityError });
  await t.throwsAsync(policy(key, { who: 'mallory' }), { instanceOf: errors.NotFound });
  const taken = restrict(key, open, { who: 'mallory' });
  await t.throwsAsync(taken, { instanceOf: errors.NotFound });
  const mended = ownerOnly.replace('owner-only', 'owner-again');
  t.like(await restrict(key, mended), { edition: 2 });
  t.is(await policy(key), mended);
  t.true(second.equals(await get(key)));
});

test('a name that etcd has lost is not the next one’s', async (t) => {
  const { key } = await victim(t.context);
  await rewrite(t.context, keys.datum(refOf(key)));
  await rewrite(t.context, keys.policy(refOf(key)));
  const stolen = t.context.put(key, first, { who: 'mallory' });
  await t.throwsAsync(stolen, { instanceOf: errors.Forbidden });
  await t.throwsAsync(t.context.put(key, first), { instanceOf: errors.IntegrityError });
  t.is(await t.context.etcd.get(keys.datum(refOf(key))), undefined);
});

test('who is let in by a forged policy or a forged owner writes nothing', async (t) => {
  const { key } = await victim(t.context);
  const policy = keys.policy(refOf(key));
  const before = await read(t.context, policy);
  await rewrite(t.context, policy, open);
  const write = t.context.put(key, first, { who: 'mallory' });
  await t.throwsAsync(write, { instanceOf: errors.IntegrityError });
  await rewrite(t.context, policy, before);
  await edit(t.context, keys.datum(refOf(key)), { owner: 'id-mallory' });
  const taken = t.context.put(key, first, { who: 'mallory' });
  await t.throwsAsync(taken, { instanceOf: errors.Forbidden });
  await edit(t.context, keys.datum(refOf(key)), { owner: 'id-alice' });
  t.true(second.equals(await t.context.get(key)));
});

test('between the anchor of a put and its publication the new version is read', async (t) => {
  const { put, get, putDeps } = t.context;
  const key = `pending-${randomUUID()}`;
  await put(key, first);
  const publish = () => Promise.reject(new errors.Unavailable('the process has ended'));
  const deps = { ...putDeps, metadata: { ...putDeps.metadata, publish } };
  await t.throwsAsync(put(key, second, { deps }), { instanceOf: errors.FateOpen });
  t.true(second.equals(await get(key)));
  t.true(first.equals(await get(key, { version: 1 })));
  t.like(await t.context.verify(key), { verified: true, receipt: { version: 2 } });
});

for (const tier of ['record', 'object'] as const) {
  for (const state of ['open', 'abandoned', 'former'] as const) {
    test.serial(`a forged intent (${state}) costs no ${tier} that is live`, async (t) => {
      const { put, get, putDeps } = t.context;
      const key = `live-${randomUUID()}`;
      const { index } = await put(key, first, { tier });
      const forge = async (of: string) => {
        const since = '2020-01-01T00:00:00.000Z';
        const intent = {
          ...{ ...refOf(of), id: randomUUID(), owner: 'id-mallory', policy: '', tier, index },
          ...{ contentType: 'text/plain', createdAt: since, attempt: 'x', since },
          state: state === 'former' ? 'abandoned' : state,
          ...(state === 'former' && {
            index: `minio://selvedge/selvedge/supply/uid-1/${randomUUID()}`,
            tier: 'object',
            former: [{ index, since }],
          }),
        } as OpenIntent;
        await rewrite(t.context, keys.intent(network, intent.id), JSON.stringify(intent));
        return intent.id;
      };
      const ids = [await forge(key), await forge('another')];
      await sweepLater(t.context, patience.open + 1000);
      t.true(first.equals(await get(key)));
      t.true((await t.context.verify(key)).verified);
      for (const id of ids) await rewrite(t.context, keys.intent(network, id));
      t.truthy(await putDeps.metadata.datum(refOf(key)));
    });
  }
}
