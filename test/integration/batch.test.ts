/** Batches over real stores: each record is a put of its own, and what is bad costs the others nothing. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import anyTest, { type TestFn } from 'ava';
import { putBatch, type Item } from '../../functions/data-put/batch.ts';
import { patience } from '../../functions/data-put/decisions.ts';
import { BadRequest, FateOpen, TooLarge } from '../../functions/lib/errors.ts';
import { batchLimits } from '../../functions/lib/batch.ts';
import {
  caller,
  ndjson,
  network,
  noOrphans,
  startWorld,
  sweepLater,
  traces,
  type World,
} from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

/** So many records, each under a key of its own. */
function records(count: number): Record<string, unknown> {
  const one = randomUUID();
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${one}/${n}`, { n, text: 'x'.repeat(200) }]),
  );
}

const statuses = (items: Item[]): number[] => items.map(({ status }) => status);
const receipts = (items: Item[]) =>
  items.flatMap((item) => ('receipt' in item ? [item.receipt] : []));
const kinds = (items: Item[]) =>
  items.map((item) => ('problem' in item ? item.problem.type.split('/').at(-1) : 'stored'));

test.serial('a hundred records are stored as puts of their own, in one transaction', async (t) => {
  const { batch, get, verify, ledger, announced } = t.context;
  const given = records(100);
  const [before, announcedBefore] = [ledger.groups.length, announced.length];
  const items = await batch(given);
  t.deepEqual(
    items.map(({ line, key }) => [line, key]),
    Object.keys(given).map((key, at) => [at + 1, key]),
  );
  t.deepEqual(new Set(kinds(items)), new Set(['stored']));
  t.deepEqual(ledger.groups.slice(before), [100]);
  t.is(announced.length - announcedBefore, 100);
  for (const receipt of receipts(items)) {
    const { key } = receipt;
    t.like(receipt, { version: 1, tier: 'record', owner: 'id-alice' });
    t.deepEqual(JSON.parse((await get(key)).toString()), given[key]);
    t.like(await verify(key), { receipt, verified: true });
  }
  await noOrphans(t, t.context);
});

test.serial('a record comes back to the byte as it stood in its line', async (t) => {
  const key = randomUUID();
  const value = '{ "exact" : 12345678901234567890.10, "a":"\\u2603" }';
  const items = await t.context.batch(Buffer.from(`{"value":${value} ,"key":"${key}"}`));
  t.deepEqual(statuses(items), [201]);
  t.is((await t.context.get(key)).toString(), value);
});

test.serial('a bad line is told by itself, and nothing of it is written', async (t) => {
  const { batch, put, get, restrict } = t.context;
  const [good, taken, twice, late, large] = Array.from({ length: 5 }, () => randomUUID());
  await put(taken!, Buffer.from('1'), { who: 'bob' });
  await put(late!, Buffer.from('1'));
  await restrict(late!, 'permit (principal, action, resource);');
  const line = (key: string | undefined, value: unknown, more = {}) =>
    JSON.stringify({ key, value, ...more });
  const lines = [
    line(good, 1),
    'no JSON',
    line(taken, 2),
    line(twice, 1),
    line(twice, 2),
    line(late, 2, { ifNoneMatch: '*' }),
    line(large, 'x'.repeat(1024 * 1024)),
  ];
  const items = await batch(Buffer.from(lines.join('\n')));
  t.deepEqual(kinds(items), [
    'stored',
    ...['bad-request', 'forbidden', 'unprocessable', 'unprocessable'],
    ...['precondition-failed', 'too-large'],
  ]);
  t.deepEqual(statuses(items), [201, 400, 403, 422, 422, 412, 413]);
  t.is((await get(good!)).toString(), '1');
  t.is((await get(taken!, { who: 'bob' })).toString(), '1');
  t.is((await get(late!)).toString(), '1');
  for (const key of [twice, large]) {
    t.deepEqual(await traces(t.context, key!), { datum: false, intents: [], anchored: 0 });
  }
  await noOrphans(t, t.context);
});

test.serial('the same batch again gives the same receipts, and a part of it its own', async (t) => {
  const { batch, ledger } = t.context;
  const [given, id] = [records(20), randomUUID()];
  const first = await batch(given, { id });
  const before = ledger.groups.length;
  t.deepEqual(await batch(given, { id }), first);
  const some = Object.fromEntries(Object.entries(given).slice(5, 8).reverse());
  t.deepEqual(receipts(await batch(some, { id })), receipts(first).slice(5, 8).reverse());
  t.is(ledger.groups.length, before);
  const [key] = Object.keys(given);
  t.deepEqual(kinds(await batch({ [key!]: 'another' }, { id })), ['unprocessable']);
  t.like(receipts(await batch({ [key!]: 'another' }))[0], { version: 2 });
});

test.serial('a line that was bad can be mended and sent again under the same name', async (t) => {
  const { batch } = t.context;
  const [a, b, id] = [randomUUID(), randomUUID(), randomUUID()];
  const line = `{"key":"${a}","value":1}\n{"key":"${b}","value":`;
  const [first, bad] = await batch(Buffer.from(line), { id });
  t.like(bad, { status: 400 });
  const [again, mended] = await batch(Buffer.from(`${line}2}`), { id });
  t.deepEqual(again, first);
  t.like(mended, { status: 201, key: b });
});

test.serial('one record that the chain refuses costs the others nothing', async (t) => {
  const { batch, ledger, names, get } = t.context;
  const given = records(9);
  const [refused, ...others] = Object.keys(given);
  ledger.refused = await names.idOf({ ...network, key: refused! });
  const items = await batch(given);
  ledger.refused = undefined;
  t.deepEqual(kinds(items), ['unprocessable', ...others.map(() => 'stored')]);
  for (const key of others) await t.notThrowsAsync(get(key));
  t.deepEqual((await traces(t.context, refused!)).intents, []);
  await noOrphans(t, t.context);
});

test.serial('a transaction of unknown fate leaves each record open, and says so', async (t) => {
  const { batch, ledger } = t.context;
  const [given, id] = [records(5), randomUUID()];
  ledger.fates.push('unknown, lost');
  const items = await batch(given, { id });
  t.deepEqual(new Set(kinds(items)), new Set(['fate-open']));
  t.deepEqual(new Set(statuses(items)), new Set([new FateOpen('').status]));
  t.deepEqual(new Set(kinds(await batch(given, { id }))), new Set(['stored']));
  for (const key of Object.keys(given)) t.is((await traces(t.context, key)).anchored, 1);
});

const whole: Record<string, [body: () => Readable, error: new (detail: string) => Error]> = {
  'too many lines': [() => Readable.from([ndjson(records(batchLimits.lines + 1))]), TooLarge],
  'too many bytes': [
    () => Readable.from([ndjson(records(1)), Buffer.alloc(batchLimits.bytes, '\n')]),
    TooLarge,
  ],
  'no line': [() => Readable.from(['\n']), BadRequest],
  'a body that is cut off': [
    () =>
      Readable.from(
        (async function* () {
          yield ndjson(records(2));
          await Promise.resolve();
          throw new Error('aborted');
        })(),
      ),
    BadRequest,
  ],
};

for (const [what, [body, error]] of Object.entries(whole)) {
  test.serial(`a batch of ${what} is refused, and nothing of it is written`, async (t) => {
    const { putDeps, etcd } = t.context;
    const before = await etcd.list('selvedge/', 10_000);
    const { signal } = new AbortController();
    const request = { network, caller: caller('alice'), id: randomUUID(), body: body(), signal };
    await t.throwsAsync(
      putBatch(putDeps, request, (_key, one) => one),
      { instanceOf: error },
    );
    t.deepEqual(await etcd.list('selvedge/', 10_000), before);
  });
}

test.serial('two batches of the same keys at once: every record has both versions', async (t) => {
  const { batch } = t.context;
  const given = records(30);
  const both = await Promise.all([batch(given), batch(given)]);
  for (const key of Object.keys(given)) {
    const versions = both.map((items) => receipts(items).find((one) => one.key === key)?.version);
    t.deepEqual(versions.toSorted(), [1, 2], key);
  }
  t.is((await sweepLater(t.context, patience.open + 1000)).failed, 0);
  await noOrphans(t, t.context);
});

test.serial('records of many MiB go together as far as etcd takes them', async (t) => {
  const { batch, get } = t.context;
  const large = Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => [`${randomUUID()}/${n}`, `${n}`.repeat(900_000)]),
  );
  const items = await batch(large);
  t.deepEqual(new Set(kinds(items)), new Set(['stored']));
  for (const [key, value] of Object.entries(large)) {
    t.is((await get(key)).toString(), JSON.stringify(value));
  }
});
