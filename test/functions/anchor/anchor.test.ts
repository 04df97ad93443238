import test from 'ava';
import { ask, find, get, head, put } from '../../../functions/anchor/anchor.ts';
import type { LedgerState } from '../../../functions/anchor/book.ts';
import type { Anchored, Fact, Head } from '../../../functions/lib/data/fact.ts';
import { digestOf, idOf, versionFact } from '../../fakes/facts.ts';

const fact = (index = 'minio://selvedge/1', changes = {}): Fact =>
  versionFact('readings/42', { index, ...changes });
const id = idOf('readings/42');
const policyFact = (edition: number, policy = 'other') =>
  ({ kind: 'policy', id, incarnation: 'uid-1', edition, policy: digestOf(policy) }) as const;
const erasure = { kind: 'erasure', id, incarnation: 'uid-1' } as const;

/** As Fabric does it: what a transaction writes is seen only by the next, and a failed one writes nothing. */
function ledger(isWriter = true) {
  const state = new Map<string, Uint8Array>();
  let count = 0;
  let exchanges = 0;
  const run = async <T>(transaction: (state: LedgerState) => Promise<T>): Promise<T> => {
    const writes = new Map<string, Uint8Array>();
    const result = await transaction({
      transactionId: `tx${++count}`,
      isWriter,
      get: (keys) => {
        exchanges += 1;
        return Promise.resolve(
          keys.map((key) => state.get(JSON.stringify(key)) ?? new Uint8Array()),
        );
      },
      put: (entries) => {
        exchanges += 1;
        for (const [key, value] of entries) writes.set(JSON.stringify(key), value);
        return Promise.resolve();
      },
    });
    for (const [key, value] of writes) state.set(key, value);
    return result;
  };
  return {
    state,
    /** How often the peer was asked, or told, since the last time. */
    exchanges: () => [exchanges, (exchanges = 0)][0],
    put: (...facts: unknown[]) => run((s) => put(s, facts)),
    run,
    head: async () => JSON.parse(await run((s) => head(s, id))) as Head | null,
    get: async (version: number) =>
      JSON.parse(await run((s) => get(s, id, String(version)))) as Anchored | null,
    find: async (index: string) => JSON.parse(await run((s) => find(s, index))) as Anchored | null,
  };
}

test('versions are numbered in the order in which they come, within a transaction too', async (t) => {
  const chain = ledger();
  t.deepEqual(await chain.put(fact('a')), [{ version: 1, transactionId: 'tx1' }]);
  t.deepEqual(await chain.put(fact('b'), fact('c')), [
    { version: 2, transactionId: 'tx2' },
    { version: 3, transactionId: 'tx2' },
  ]);
  t.deepEqual(await chain.get(2), { ...fact('b'), version: 2, transactionId: 'tx2' } as Anchored);
  t.like(await chain.find('c'), { id, version: 3 });
  const { owner, policy } = versionFact('readings/42');
  t.deepEqual(await chain.head(), { owner, version: 3, policy, edition: 1, erased: false });
});

test('a transaction reads all it needs in one exchange with its peer, and writes in one', async (t) => {
  const chain = ledger();
  await chain.put(fact('a'), fact('b'), versionFact('others', { index: 'c' }));
  t.is(chain.exchanges(), 2);
});

test('many questions take as many exchanges as one', async (t) => {
  const chain = ledger();
  await chain.put(fact('a'), fact('b'));
  chain.exchanges();
  const questions = [
    ['find', 'a'],
    ['find', 'b'],
    ['head', id],
    ['get', id, '1'],
    ['find', 'none'],
  ];
  t.is((await chain.run((s) => ask(s, questions))).length, questions.length);
  // Where a version is, then the version.
  t.is(chain.exchanges(), 2);
});

test('the same fact again changes nothing and names the first transaction', async (t) => {
  const chain = ledger();
  await chain.put(fact('a'));
  const before = new Map(chain.state);
  const turned = Object.fromEntries(Object.entries(fact('a')).reverse());
  for (const again of [[fact('a')], [turned], [fact('a'), fact('a')]]) {
    t.deepEqual(
      await chain.put(...again),
      again.map(() => ({ version: 1, transactionId: 'tx1' })),
    );
  }
  t.deepEqual(chain.state, before);
  t.deepEqual(await chain.put(fact('b'), fact('b')), [
    { version: 2, transactionId: 'tx5' },
    { version: 2, transactionId: 'tx5' },
  ]);
});

test('a policy follows the one before, and versions come under it', async (t) => {
  const chain = ledger();
  await chain.put(fact('a'));
  t.deepEqual(await chain.put(policyFact(2)), [{ transactionId: 'tx2' }]);
  t.deepEqual(await chain.put(policyFact(2)), [{ transactionId: 'tx2' }]);
  t.like(await chain.head(), { version: 1, edition: 2, policy: digestOf('other') });
  await chain.put(fact('b', { policy: digestOf('other') }));
  t.like(await chain.head(), { version: 2, edition: 2, erased: false });
});

test('nothing follows an erasure but the same again', async (t) => {
  const chain = ledger();
  await chain.put(fact('a'));
  t.deepEqual(await chain.put(erasure), [{ transactionId: 'tx2' }]);
  t.deepEqual(await chain.put(erasure), [{ transactionId: 'tx2' }]);
  t.like(await chain.head(), { version: 1, erased: true });
  for (const later of [fact('b'), policyFact(2)]) {
    await t.throwsAsync(chain.put(later), { message: /^CONFLICT: the datum was erased/ });
  }
});

const conflicts: Record<string, Fact[]> = {
  'another owner': [fact('b', { owner: 'mallory' })],
  'a version under another policy': [fact('b', { policy: digestOf('forged') })],
  'other content at an index that is taken': [fact('a', { size: 1 })],
  'an index that is another datum’s': [versionFact('other', { index: 'a' })],
  'two facts at one index': [fact('b'), fact('b', { size: 1 })],
  'a policy that leaves one out': [policyFact(3)],
  'a policy of a datum that is not there': [{ ...policyFact(2), id: idOf('none') }],
  'an erasure of a datum that is not there': [{ ...erasure, id: idOf('none') }],
  'two policies at once': [policyFact(2), policyFact(2, 'third')],
  'another owner within a transaction': [
    versionFact('new', { index: 'n1' }),
    versionFact('new', { index: 'n2', owner: 'mallory' }),
  ],
};

for (const [name, facts] of Object.entries(conflicts)) {
  test(`refused with the whole: ${name}`, async (t) => {
    const chain = ledger();
    await chain.put(fact('a'));
    const before = new Map(chain.state);
    const put = chain.put(versionFact('innocent', { index: 'i' }), ...facts);
    await t.throwsAsync(put, { message: /^CONFLICT/ });
    t.deepEqual(chain.state, before);
  });
}

test('a version that must follow another one is kept after that alone, and says nothing of it', async (t) => {
  const chain = ledger();
  const late = { message: 'CONFLICT: another version came first' };
  await t.throwsAsync(chain.put({ ...fact('a'), after: 1 }), late);
  await chain.put({ ...fact('a'), after: 0 });
  await t.throwsAsync(chain.put({ ...fact('b'), after: 0 }), late);
  const both = [fact('b'), fact('c')].map((one) => ({ ...one, after: 1 }));
  await t.throwsAsync(chain.put(...both), late);
  t.like(await chain.head(), { version: 1 });
  await chain.put({ ...fact('b'), after: 1 });
  t.deepEqual(await chain.get(2), { ...fact('b'), version: 2, transactionId: 'tx6' } as Anchored);
  // The same again is there already, whatever came meanwhile.
  await chain.put(fact('c'));
  t.deepEqual(await chain.put({ ...fact('b'), after: 1 }), [{ version: 2, transactionId: 'tx6' }]);
});

test('who is not the platform itself writes nothing', async (t) => {
  const chain = ledger(false);
  for (const one of [fact(), policyFact(2), erasure]) {
    await t.throwsAsync(chain.put(one), { message: /^FORBIDDEN/ });
  }
  t.is(chain.state.size, 0);
  t.is(await chain.head(), null);
});

test('what is not there is null', async (t) => {
  const chain = ledger();
  t.deepEqual([await chain.head(), await chain.get(1), await chain.find('x')], [null, null, null]);
});

test('many questions are answered at once, each as its own transaction would', async (t) => {
  const chain = ledger();
  await chain.put(fact('a'), fact('b'));
  const questions = [
    ['head', id],
    ['get', id, '2'],
    ['find', 'a'],
    ['head', idOf('none')],
  ];
  const answers = await chain.run((s) => ask(s, questions));
  t.deepEqual(
    answers.map((answer) => JSON.parse(answer) as unknown),
    [await chain.head(), await chain.get(2), await chain.find('a'), null],
  );
});

for (const wrong of [
  {},
  ['head'],
  [['head']],
  [['put', '[]']],
  [['toString', id]],
  [['head', 1]],
]) {
  test(`${JSON.stringify(wrong)} are no questions`, async (t) => {
    await t.throwsAsync(
      ledger().run((s) => ask(s, wrong)),
      { message: /^INVALID/ },
    );
  });
}

const malformed: Record<string, unknown> = {
  'no list': {},
  'an empty list': [],
  'too many': Array.from({ length: 1001 }, (_, i) => fact(`i${i}`)),
  'a fact that is null': [null],
  'no kind': [{ ...fact(), kind: undefined }],
  'a kind that objects have': [{ ...fact(), kind: 'constructor' }],
  'a missing member': [{ ...fact(), owner: undefined }],
  'an unknown member': [{ ...fact(), more: 1 }],
  'a member of every object': [JSON.parse(`{"toString":1,${JSON.stringify(fact()).slice(1)}`)],
  'a number for the version': [{ ...fact(), version: 1 }],
  'an id of another form': [fact('a', { id: 'readings/42' })],
  'no incarnation': [{ ...fact(), incarnation: undefined }],
  'a digest of another kind': [fact('a', { digest: 'md5:00' })],
  'a policy that is text': [fact('a', { policy: 'permit' })],
  'a negative size': [fact('a', { size: -1 })],
  'an empty index': [fact('')],
  'an index that no state key holds': [fact('a\0b')],
  'an index without end': [fact('x'.repeat(2000))],
  'the first policy': [policyFact(1)],
  'a version after none that there can be': [{ ...fact(), after: -1 }],
  'a version after what is no number': [{ ...fact(), after: '1' }],
  'a policy after a version': [{ ...policyFact(2), after: 1 }],
};

for (const [name, facts] of Object.entries(malformed)) {
  test(`refused: ${name}`, async (t) => {
    const chain = ledger();
    await t.throwsAsync(
      chain.run((s) => put(s, facts)),
      { message: /^INVALID/ },
    );
    t.is(chain.state.size, 0);
  });
}

for (const version of ['0', '-1', '1.5', 'x', '']) {
  test(`version «${version}» is refused`, async (t) => {
    const chain = ledger();
    await t.throwsAsync(
      chain.run((s) => get(s, id, version)),
      { message: /^INVALID/ },
    );
  });
}
