import test from 'ava';
import { anchor } from '../../../functions/data-put/anchor.ts';
import { currentVersion, mustFollow } from '../../../functions/data-put/preconditions.ts';
import { versionTag, type Conditions } from '../../../functions/lib/conditions.ts';
import type { NextVersion } from '../../../functions/lib/data/fact.ts';
import type { StoredIntent } from '../../../functions/lib/data/model.ts';
import { Gone, PreconditionFailed, Unprocessable } from '../../../functions/lib/errors.ts';
import { digestOf, versionFact } from '../../fakes/facts.ts';

const third = { version: 3, digest: digestOf('third') };
const [tag, other] = [versionTag(third), versionTag({ ...third, version: 2 })];

/** What it must follow where nothing is, and where the third version is; `no`: it is refused. */
const cases: Record<
  string,
  [Conditions, none: number | undefined | 'no', three: number | undefined | 'no']
> = {
  'without a condition': [{}, undefined, undefined],
  'as the first': [{ ifNoneMatch: '*' }, 0, 'no'],
  'in place of any': [{ ifMatch: '*' }, 'no', undefined],
  'in place of the one that is there': [{ ifMatch: tag }, 'no', 3],
  'in place of one of several': [{ ifMatch: `${other}, ${tag}` }, 'no', 3],
  'in place of one that was there': [{ ifMatch: other }, 'no', 'no'],
  'in place of what is no tag': [{ ifMatch: 'x' }, 'no', 'no'],
  'as another than the one that is there': [{ ifNoneMatch: tag }, 0, 'no'],
  'as another than one that was there': [{ ifNoneMatch: other }, 0, 3],
  'in place of any, but of none': [{ ifMatch: '*', ifNoneMatch: '*' }, 'no', 'no'],
};
for (const [name, [conditions, none, three]] of Object.entries(cases)) {
  test(`a put ${name} follows ${none ?? 'any'}, or ${three ?? 'any'} where that is there`, (t) => {
    for (const [current, expected] of [
      [undefined, none],
      [third, three],
    ] as const) {
      const follow = () => mustFollow(conditions, current);
      if (expected !== 'no') t.is(follow(), expected);
      else {
        const error = t.throws(follow, { instanceOf: PreconditionFailed });
        t.is(error.members.version, current?.version ?? 0);
      }
    }
  });
}

const ref = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a' };
const names = { idOf: () => Promise.resolve('id') };
const head = (version: number, erased = false) => ({ owner: 'alice', version, erased });

/** A chain that has these heads, one after another; the last goes on. */
function chainOf(heads: unknown[], add: (fact: NextVersion) => Promise<unknown> = () => never) {
  const asked = { head: 0 };
  const chain = {
    head: () => Promise.resolve(heads[Math.min(asked.head++, heads.length - 1)]),
    version: (_ref: unknown, _id: string, version: number) =>
      Promise.resolve({ version, digest: digestOf(`${version}`) }),
    add: (_ref: unknown, fact: NextVersion) => add(fact),
  };
  return { asked, deps: { chain, names, metadata: {} } as never };
}
const never = Promise.reject(new Error('it is not asked to'));
never.catch(() => undefined);

test('the version that is there is the one that peers have once they have what was published', async (t) => {
  const { asked, deps } = chainOf([head(2), head(2), head(3)]);
  t.like(await currentVersion(deps, ref, { current: 3 }), { version: 3, digest: digestOf('3') });
  t.is(asked.head, 3);
});

test('of a datum that was never anchored there is no version; of an erased one there is none any more', async (t) => {
  t.is(await currentVersion(chainOf([undefined]).deps, ref, {}), undefined);
  const erased = currentVersion(chainOf([head(3, true)]).deps, ref, {});
  await t.throwsAsync(erased, { instanceOf: Gone });
});

const { digest, size, index, owner, policy } = versionFact('a');
const intent = {
  ...ref,
  ...{ id: 'i', owner, policy, after: 2, index, tier: 'record', contentType: 'x' },
  ...{ createdAt: '', attempt: '', since: '', state: 'stored' },
  stored: { digest, size, wrapped: '', fingerprint: '' },
} as StoredIntent;
const refusal = new Unprocessable('CONFLICT: another version came first');

test('peers that lag behind the version to follow are asked again', async (t) => {
  const done = { version: 3, transactionId: 'tx', block: 1 };
  let tries = 0;
  const add = (fact: NextVersion) => {
    t.is(fact.after, 2);
    return ++tries < 3 ? Promise.reject(refusal) : Promise.resolve(done);
  };
  const { deps } = chainOf([head(1), head(2)], add);
  t.is((await anchor(deps, { value: intent, revision: '1' }, true)).version, 3);
  t.is(tries, 3);
});

test('a version that came first ends it at once', async (t) => {
  let tries = 0;
  const { deps } = chainOf([head(3)], () => {
    tries++;
    return Promise.reject(refusal);
  });
  await t.throwsAsync(anchor(deps, { value: intent, revision: '1' }, true), { is: refusal });
  t.is(tries, 1);
});
