import test from 'ava';
import { createAnchors } from '../../../functions/data-put/anchors.ts';
import { CommitUnknown, Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';
import type { AnchorRecord } from '../../../functions/lib/events.ts';
import { fakeLedger } from '../../fakes/ledger.ts';

const network = { namespace: 'selvedge', network: 'supply' };
const record = (key: string, changes: Partial<AnchorRecord> = {}): AnchorRecord => ({
  key,
  version: 1,
  index: 'etcd://x',
  digest: `sha256:${'00'.repeat(32)}`,
  size: 1,
  owner: 'alice',
  format: 'selvedge-1',
  ...changes,
});

test('an idle ledger anchors at once; what comes meanwhile goes together in the next', async (t) => {
  const ledger = fakeLedger();
  const anchors = createAnchors(ledger.ledgers);
  const opened = Promise.withResolvers<undefined>();
  ledger.gate = opened.promise.then(() => undefined);
  const all = ['a', 'b', 'c', 'd'].map((key) => anchors.add(network, record(key)));
  opened.resolve(undefined);
  const [first, ...others] = await Promise.all(all);
  t.deepEqual(ledger.groups, [1, 3]);
  t.is(new Set(others.map(({ transactionId }) => transactionId)).size, 1);
  t.not(others[0]!.transactionId, first!.transactionId);
  await anchors.add(network, record('e'));
  t.deepEqual(ledger.groups, [1, 3, 1]);
});

test('a group has a limit', async (t) => {
  const ledger = fakeLedger();
  const anchors = createAnchors(ledger.ledgers);
  await Promise.all(Array.from({ length: 450 }, (_, i) => anchors.add(network, record(`k${i}`))));
  t.deepEqual(ledger.groups, [1, 200, 200, 49]);
});

test('a record that was anchored before gives the transaction that did it', async (t) => {
  const anchors = createAnchors(fakeLedger().ledgers);
  const first = await anchors.add(network, record('a'));
  t.deepEqual(await anchors.add(network, record('a')), first);
  t.like(await anchors.find(network, 'a', 1), first);
  t.is(await anchors.find(network, 'b', 1), undefined);
});

test('in a group, the one that is refused fails alone', async (t) => {
  const ledger = fakeLedger();
  const anchors = createAnchors(ledger.ledgers);
  await anchors.add(network, record('taken'));
  const results = await Promise.allSettled([
    anchors.add(network, record('first')),
    anchors.add(network, record('a')),
    anchors.add(network, record('taken', { size: 2 })),
    anchors.add(network, record('b')),
  ]);
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  t.true((results[2] as PromiseRejectedResult).reason instanceof Unprocessable);
});

test('an unknown commit is looked up by its id before anything else', async (t) => {
  const ledger = fakeLedger();
  const anchors = createAnchors(ledger.ledgers);
  ledger.fates.push('unknown, committed');
  const { transactionId } = await anchors.add(network, record('a'));
  t.is((await anchors.find(network, 'a', 1))?.transactionId, transactionId);
  t.deepEqual(ledger.groups, [1]);
});

test('an unknown commit that nobody knows is told with its id, and not sent again', async (t) => {
  const ledger = fakeLedger();
  const anchors = createAnchors(ledger.ledgers);
  ledger.fates.push('unknown, lost');
  const error = await t.throwsAsync(anchors.add(network, record('a')), {
    instanceOf: CommitUnknown,
  });
  t.is(await anchors.lookUp(network, error.transactionId), undefined);
  t.deepEqual(ledger.groups, []);
});

test('after a failure the next record is anchored', async (t) => {
  const ledger = fakeLedger();
  let down = true;
  const anchors = createAnchors({
    ...ledger.ledgers,
    with: (...args) =>
      down ? Promise.reject(new Unavailable('no peer')) : ledger.ledgers.with(...args),
  });
  await t.throwsAsync(anchors.add(network, record('a')), { instanceOf: Unavailable });
  down = false;
  await t.notThrowsAsync(anchors.add(network, record('a')));
});
