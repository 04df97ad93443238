/** What is told of the versions of a datum, and to whom. */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { keys } from '../../functions/lib/data/datum.ts';
import * as errors from '../../functions/lib/errors.ts';
import { versionList } from '../../functions/lib/events.ts';
import { network, startWorld, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const fresh = (): string => `versions/${randomUUID()}`;
const json = (n: number): Buffer => Buffer.from(JSON.stringify({ n }));
const bob = { who: 'bob' };

test('every version is listed as its receipt says, newest first, page by page', async (t) => {
  const { put, versions } = t.context;
  const key = fresh();
  const receipts = [];
  for (const n of [1, 2, 3, 4, 5]) {
    receipts.push(await put(key, json(n), { tier: n % 2 ? 'record' : 'object' }));
  }
  const whole = await versions(key);
  t.deepEqual(versionList.parse(whole), whole);
  t.is(whole.next, undefined);
  t.deepEqual(
    whole.items,
    receipts.reverse().map(({ version, tier, digest, size, transactionId, block, createdAt }) => ({
      ...{ version, tier, digest, size, transactionId, block, createdAt },
      ...{ contentType: 'application/json', verified: true },
    })),
  );
  const paged = [];
  let before: number | undefined;
  do {
    const page = await versions(key, { limit: 2, before });
    t.true(page.items.length <= 2);
    paged.push(...page.items);
    before = page.next === undefined ? undefined : Number(page.next);
  } while (before !== undefined);
  t.deepEqual(paged, whole.items);
});

test('a version that never was is not found, whoever asks for it and however', async (t) => {
  const { put, get, verify } = t.context;
  const key = fresh();
  await put(key, json(1));
  for (const ask of [get, verify]) {
    const error = await t.throwsAsync(ask(key, { version: 2 }), { instanceOf: errors.NotFound });
    t.like(errors.toProblem(error), {
      type: 'https://selvedge.dev/problems/not-found',
      detail: 'there is no such version',
    });
  }
});

test('the policy decides who is told: to others there is no such datum', async (t) => {
  const { put, versions, restrict } = t.context;
  const key = fresh();
  await put(key, json(1));
  const notFound = { instanceOf: errors.NotFound };
  const there = await t.throwsAsync(versions(key, {}, bob), notFound);
  const not = await t.throwsAsync(versions(fresh(), {}, bob), notFound);
  t.deepEqual(errors.toProblem(there), errors.toProblem(not));
  await restrict(key, 'permit (principal, action == Action::"read", resource);');
  t.is((await versions(key, {}, bob)).items.length, 1);
});

test('of an erased datum no version is told, old or new', async (t) => {
  const { put, get, versions, erase, audit } = t.context;
  const key = fresh();
  for (const n of [1, 2]) await put(key, json(n));
  await erase(key);
  for (const ask of [versions(key), get(key, { version: 1 }), get(key, { version: 9 })]) {
    await t.throwsAsync(ask, { instanceOf: errors.Gone });
  }
  t.false(audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
});

test('a record that was changed or lost is told by the chain alone, and the audit hears of it', async (t) => {
  const { put, versions, etcd, audit } = t.context;
  const key = fresh();
  const [first, second, third] = [
    await put(key, json(1)),
    await put(key, json(2)),
    await put(key, json(3)),
  ];
  const replace = async (index: string, change: (text: string) => string | undefined) => {
    const at = keys.version({ ...network, key }, index);
    const { value, revision } = (await etcd.get(at))!;
    const changed = change(value.toString());
    await etcd.commit({ [at]: revision }, [
      { key: at, ...(changed !== undefined && { value: changed }) },
    ]);
  };
  await replace(first.index, (text) => text.replace('application/json', 'text/html'));
  await replace(second.index, () => undefined);
  const { items } = await versions(key);
  t.deepEqual(
    items.map(({ verified, contentType }) => [verified, contentType]),
    [
      [true, 'application/json'],
      [false, undefined],
      [false, undefined],
    ],
  );
  t.like(items[2], { version: 1, digest: first.digest, transactionId: first.transactionId });
  const heard = audit.filter((fact) => fact.audit === 'integrity' && fact.key === key);
  t.deepEqual(heard.map(({ version }) => version).sort(), [1, 2]);
  await replace(third.index, () => 'not JSON');
  t.like((await versions(key)).items[0], { version: 3, verified: false });
});
