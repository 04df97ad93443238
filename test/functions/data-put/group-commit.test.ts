import test from 'ava';
import { createGroupCommit } from '../../../functions/data-put/group-commit.ts';
import {
  CommitUnknown,
  Conflict,
  Unavailable,
  Unprocessable,
} from '../../../functions/lib/errors.ts';
import { versionFact } from '../../fakes/facts.ts';
import { fakeLedger } from '../../fakes/ledger.ts';

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };
const fact = versionFact;

test('an idle ledger anchors at once; what comes meanwhile goes together in the next', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  const opened = Promise.withResolvers<undefined>();
  ledger.gate = opened.promise.then(() => undefined);
  const all = ['a', 'b', 'c', 'd'].map((key) => chain.add(network, fact(key)));
  opened.resolve(undefined);
  const [first, ...others] = await Promise.all(all);
  t.deepEqual(ledger.groups, [1, 3]);
  t.is(new Set(others.map(({ transactionId }) => transactionId)).size, 1);
  t.not(others[0]!.transactionId, first!.transactionId);
  await chain.add(network, fact('e'));
  t.deepEqual(ledger.groups, [1, 3, 1]);
});

test('a group has a limit', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  await Promise.all(Array.from({ length: 450 }, (_, i) => chain.add(network, fact(`k${i}`))));
  t.deepEqual(ledger.groups, [1, 200, 200, 49]);
});

test('a fact that was anchored before gives the transaction that did it', async (t) => {
  const chain = createGroupCommit(fakeLedger().ledgers);
  const first = await chain.add(network, fact('a'));
  t.deepEqual(await chain.add(network, fact('a')), first);
  t.like(await chain.find(network, 'etcd://a'), first);
  t.is(await chain.find(network, 'etcd://b'), undefined);
});

test('in a group, the one that is refused fails alone', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  await chain.add(network, fact('taken'));
  const results = await Promise.allSettled([
    chain.add(network, fact('first')),
    chain.add(network, fact('a')),
    chain.add(network, fact('taken', { size: 2 })),
    chain.add(network, fact('b')),
  ]);
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  t.true((results[2] as PromiseRejectedResult).reason instanceof Unprocessable);
});

test('of a datum that others keep changing, the put fails alone', async (t) => {
  const ledger = fakeLedger();
  const hot = fact('hot');
  const chain = createGroupCommit({
    ...ledger.ledgers,
    with: (of, use) =>
      ledger.ledgers.with(of, (real) => {
        const submit: typeof real.submit = (name, args) =>
          args[0]?.includes(hot.id) === true
            ? Promise.reject(new Conflict('another transaction changed what this one had read'))
            : real.submit(name, args);
        return use({ ...real, submit });
      }),
  });
  const all = ['first', 'a', 'hot', 'b', 'c'].map((name) => chain.add(network, fact(name)));
  const results = await Promise.allSettled(all);
  t.deepEqual(
    results.map(({ status }) => status === 'fulfilled'),
    [true, true, false, true, true],
  );
  t.true((results[2] as PromiseRejectedResult).reason instanceof Conflict);
});

test('versions of one datum that go together follow one another', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  const puts = ['1', '2', '3'].map((name) =>
    chain.add(network, fact('a', { index: `etcd://${name}` })),
  );
  t.deepEqual(
    (await Promise.all(puts)).map(({ version }) => version),
    [1, 2, 3],
  );
  t.deepEqual(ledger.groups, [1, 2]);
});

test('erasures and policies go together with versions, in one transaction', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  const [one, other] = [fact('one'), fact('other')];
  await Promise.all([chain.add(network, one), chain.add(network, other)]);
  ledger.groups.length = 0;
  const { incarnation } = network;
  const policy = `sha256:${'1'.repeat(64)}`;
  const [, erased, changed, { transactionId }] = await Promise.all([
    chain.add(network, fact('meanwhile')),
    chain.amend(network, { kind: 'erasure', id: one.id, incarnation }),
    chain.amend(network, { kind: 'policy', id: other.id, incarnation, edition: 2, policy }),
    chain.add(network, fact('new')),
  ]);
  t.deepEqual(ledger.groups, [1, 3]);
  t.deepEqual([erased, changed], [transactionId, transactionId]);
  t.true((await chain.head(network, one.id))?.erased);
  t.is((await chain.head(network, other.id))?.policy, policy);
});

test('an erasure of what is not there fails alone', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  const { incarnation } = network;
  const erasure = { kind: 'erasure', id: fact('never').id, incarnation } as const;
  const [, refused, added] = await Promise.allSettled([
    chain.add(network, fact('first')),
    chain.amend(network, erasure),
    chain.add(network, fact('a')),
  ]);
  t.true((refused as PromiseRejectedResult).reason instanceof Unprocessable);
  t.is(added.status, 'fulfilled');
});

test('an unknown commit is looked up by its id before anything else', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  ledger.fates.push('unknown, committed');
  const { transactionId } = await chain.add(network, fact('a'));
  t.is((await chain.find(network, 'etcd://a'))?.transactionId, transactionId);
  t.deepEqual(ledger.groups, [1]);
});

test('an unknown commit that nobody knows is told with its id, and not sent again', async (t) => {
  const ledger = fakeLedger();
  const chain = createGroupCommit(ledger.ledgers);
  ledger.fates.push('unknown, lost');
  const error = await t.throwsAsync(chain.add(network, fact('a')), {
    instanceOf: CommitUnknown,
  });
  t.false(await chain.isCommitted(network, error.transactionId));
  t.deepEqual(ledger.groups, []);
});

test('after a failure the next fact is anchored', async (t) => {
  const ledger = fakeLedger();
  let down = true;
  const chain = createGroupCommit({
    ...ledger.ledgers,
    with: (...args) =>
      down ? Promise.reject(new Unavailable('no peer')) : ledger.ledgers.with(...args),
  });
  await t.throwsAsync(chain.add(network, fact('a')), { instanceOf: Unavailable });
  down = false;
  await t.notThrowsAsync(chain.add(network, fact('a')));
});
