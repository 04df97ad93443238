/** Reads and commits of etcd that meet: together, and each for itself. */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { connectEtcd, type Etcd } from '../../functions/lib/data/etcd.ts';
import { NoSpace, TooLarge } from '../../functions/lib/errors.ts';
import { until } from '../../functions/lib/until.ts';
import { startEtcd, type EtcdServer } from './harness.ts';

const MiB = 1024 ** 2;

const test = anyTest as TestFn<{ server: EtcdServer; etcd: Etcd }>;
test.before(async (t) => {
  const server = await startEtcd({ quota: 24 * MiB });
  t.context = { server, etcd: connectEtcd({ ...server.options, inGroups: true }) };
});
test.after.always(async (t) => {
  t.context.etcd.close();
  await t.context.server.stop();
});

const fresh = (): string => `test/${randomUUID()}`;
const absent = (key: string) => ({ [key]: '0' });

test.serial(
  'commits that meet are one transaction, and one that loses a race does so alone',
  async (t) => {
    const { etcd } = t.context;
    const keys = Array.from({ length: 90 }, fresh);
    const [taken] = keys;
    await etcd.commit(absent(taken!), [{ key: taken!, value: 'before' }]);
    const revisions = await Promise.all(
      keys.map((key) => etcd.commit(absent(key), [{ key, value: key }])),
    );
    const [lost, ...won] = revisions;
    t.is(lost, undefined);
    t.is(new Set(won).size, 1);
    const read = await Promise.all(keys.map((key) => etcd.get(key)));
    t.is(read[0]?.value.toString(), 'before');
    for (const [at, entry] of read.entries()) {
      if (at === 0) continue;
      t.like(entry, { key: keys[at], revision: won[0] });
      t.is(entry?.value.toString(), keys[at]);
    }
  },
);

test.serial('of commits to one key that meet, one wins', async (t) => {
  const { etcd } = t.context;
  const key = fresh();
  const values = Array.from({ length: 40 }, (_, at) => `${at}`);
  const revisions = await Promise.all(
    values.map((value) => etcd.commit(absent(key), [{ key, value }])),
  );
  const won = values.filter((_, at) => revisions[at] !== undefined);
  t.is(won.length, 1);
  t.is((await etcd.get(key))?.value.toString(), won[0]);
});

test.serial(
  'who changes what others change at the same time gets through, as if none met',
  async (t) => {
    const { etcd } = t.context;
    const key = fresh();
    let exchanges = 0;
    const add = async (): Promise<void> => {
      for (;;) {
        const seen = await etcd.get(key);
        exchanges++;
        const value = `${Number(seen?.value.toString() ?? 0) + 1}`;
        if (await etcd.commit({ [key]: seen?.revision ?? '0' }, [{ key, value }])) return;
      }
    };
    await Promise.all(Array.from({ length: 30 }, add));
    t.is((await etcd.get(key))?.value.toString(), '30');
    // In each round all look at the same and one wins: 30 + 29 + … + 1 at most.
    t.true(exchanges <= 465, `${exchanges}`);
  },
);

test.serial('a commit that compares nothing is none', async (t) => {
  const { etcd } = t.context;
  const key = fresh();
  await t.throwsAsync(etcd.commit({}, [{ key, value: 'x' }]), { message: /compares something/ });
});

test.serial('as many as there are go in as many transactions as it takes', async (t) => {
  const { etcd } = t.context;
  const keys = Array.from({ length: 350 }, fresh);
  const write = (key: string) => etcd.commit(absent(key), [{ key, value: '1' }]);
  t.is(new Set(await Promise.all(keys.map(write))).size, 4);
  const read = await Promise.all([...keys, fresh()].map((key) => etcd.get(key)));
  t.is(read.filter((entry) => entry?.value.toString() === '1').length, 350);
  await Promise.all(keys.map((key) => etcd.remove(key)));
  const left = await Promise.all(keys.map((key) => etcd.get(key)));
  t.true(left.every((entry) => entry === undefined));
});

test.serial('what is large goes in parts, and what is too large fails alone', async (t) => {
  const { etcd } = t.context;
  const sizes = [0.9, 0.9, 2, 0.9];
  const keys = sizes.map(fresh);
  const results = await Promise.allSettled(
    keys.map((key, at) =>
      etcd.commit(absent(key), [{ key, value: Buffer.alloc((sizes[at] ?? 0) * MiB) }]),
    ),
  );
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  t.true((results[2] as PromiseRejectedResult).reason instanceof TooLarge);
  // Together they are more than the SDK takes in one answer.
  const many = await Promise.all([...keys, ...keys].map((key) => etcd.get(key)));
  t.deepEqual(
    many.map((entry) => entry?.value.length ?? 0),
    [...sizes, ...sizes].map((size) => (size > 1 ? 0 : Math.floor(size * MiB))),
  );
  await Promise.all(keys.map((key) => etcd.remove(key)));
});

test.serial('out of space, deletions are taken that meet what is not', async (t) => {
  const { etcd } = t.context;
  const kept = fresh();
  const revision = (await etcd.commit(absent(kept), [{ key: kept, value: '1' }])) ?? '';
  const fill = async (): Promise<void> => {
    for (;;) {
      const key = fresh();
      await etcd.commit(absent(key), [{ key, value: Buffer.alloc(MiB) }]);
    }
  };
  await t.throwsAsync(fill(), { instanceOf: NoSpace });
  const key = fresh();
  await until({ what: 'etcd to take nothing more', timeoutMs: 10_000 }, () =>
    etcd.commit({ [kept]: '0' }, [{ key, value: '1' }]).then(
      () => false,
      (error: unknown) => error instanceof NoSpace,
    ),
  );
  const results = await Promise.allSettled([
    etcd.commit(absent(key), [{ key, value: '1' }]),
    etcd.commit({ [kept]: revision }, [{ key: kept }]),
  ]);
  t.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  t.is(await etcd.get(kept), undefined);
});
