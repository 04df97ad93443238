import test from 'ava';
import { get, put, type LedgerState } from '../../../functions/anchor/anchor.ts';
import type { Fact } from '../../../functions/lib/data/fact.ts';

const fact = (changes: Partial<Fact> = {}): Fact => ({
  incarnation: 'uid-1',
  key: 'readings/42',
  version: 1,
  index: 'minio://selvedge/some-name',
  digest: `sha256:${'ab'.repeat(32)}`,
  size: 100,
  owner: 'c0ffee',
  format: 'selvedge-1',
  ...changes,
});

/** As Fabric does it: what a transaction writes is seen only by the next. */
function ledger() {
  const state = new Map<string, Uint8Array>();
  let count = 0;
  return {
    state,
    async run<T>(transaction: (state: LedgerState) => Promise<T>): Promise<T> {
      const writes = new Map<string, Uint8Array>();
      const result = await transaction({
        transactionId: `tx${++count}`,
        get: (key, version) => Promise.resolve(state.get(`${key}@${version}`) ?? new Uint8Array()),
        put: (key, version, value) => {
          writes.set(`${key}@${version}`, value);
          return Promise.resolve();
        },
      });
      for (const [key, value] of writes) state.set(key, value);
      return result;
    },
  };
}

test('a fact is read back with the transaction that anchored it', async (t) => {
  const { run } = ledger();
  t.deepEqual(await run((state) => put(state, [fact()])), ['tx1']);
  const anchored = await run((state) => get(state, 'readings/42', '1'));
  t.deepEqual(anchored, { ...fact(), transactionId: 'tx1' });
});

test('the same fact again changes nothing and names the first transaction', async (t) => {
  const { run, state } = ledger();
  await run((s) => put(s, [fact()]));
  const before = new Map(state);
  t.deepEqual(await run((s) => put(s, [fact(), fact({ version: 2 })])), ['tx1', 'tx2']);
  t.is(state.get('readings/42@1'), before.get('readings/42@1'));
});

test('the order of members makes no other fact', async (t) => {
  const { run } = ledger();
  await run((s) => put(s, [fact()]));
  const turned = Object.fromEntries(Object.entries(fact()).reverse());
  t.deepEqual(await run((s) => put(s, [turned])), ['tx1']);
});

test('another fact for an anchored version is refused, and with it the whole', async (t) => {
  const { run, state } = ledger();
  await run((s) => put(s, [fact()]));
  const other = fact({ digest: `sha256:${'cd'.repeat(32)}` });
  await t.throwsAsync(
    run((s) => put(s, [fact({ version: 2 }), other])),
    { message: /^CONFLICT/ },
  );
  t.is(state.size, 1);
});

test('two facts for one version in one transaction are refused unless they are the same', async (t) => {
  const { run } = ledger();
  t.deepEqual(await run((s) => put(s, [fact(), fact()])), ['tx1', 'tx1']);
  const other = fact({ key: 'b' });
  await t.throwsAsync(
    run((s) => put(s, [other, { ...other, size: 1 }])),
    { message: /^CONFLICT/ },
  );
});

test('what is not anchored is said so', async (t) => {
  const { run } = ledger();
  await t.throwsAsync(
    run((s) => get(s, 'readings/42', '1')),
    { message: /^NOT_FOUND/ },
  );
});

const malformed: Record<string, unknown> = {
  'no list': {},
  'an empty list': [],
  'too many': Array.from({ length: 1001 }, (_, i) => fact({ version: i + 1 })),
  'a fact that is null': [null],
  'a missing member': [{ ...fact(), owner: undefined }],
  'an unknown member': [{ ...fact(), more: 1 }],
  'no incarnation': [{ ...fact(), incarnation: undefined }],
  'version 0': [fact({ version: 0 })],
  'a version that is text': [{ ...fact(), version: '1' }],
  'a digest of another kind': [fact({ digest: 'md5:00' })],
  'a negative size': [fact({ size: -1 })],
  'an empty key': [fact({ key: '' })],
};

for (const [name, facts] of Object.entries(malformed)) {
  test(`refused: ${name}`, async (t) => {
    const { run, state } = ledger();
    await t.throwsAsync(
      run((s) => put(s, facts)),
      { message: /^INVALID/ },
    );
    t.is(state.size, 0);
  });
}

for (const version of ['0', '-1', '1.5', 'x', '']) {
  test(`version «${version}» is refused`, async (t) => {
    const { run } = ledger();
    await t.throwsAsync(
      run((s) => get(s, 'k', version)),
      { message: /^INVALID/ },
    );
  });
}
