import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { gather } from '../../../functions/data-put/gather.ts';
import { createGroupCommit } from '../../../functions/data-put/group-commit.ts';
import { versionFact as fact } from '../../fakes/facts.ts';
import { fakeLedger } from '../../fakes/ledger.ts';

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };

test('facts that come one after another go together once the last is there', async (t) => {
  const ledger = fakeLedger();
  const next = gather(createGroupCommit(ledger.ledgers), network, 3);
  const puts = ['a', 'b', 'c'].map(async (key, n) => {
    const { chain } = next();
    await delay(5 * n);
    return chain.add(network, fact(key));
  });
  const anchorings = await Promise.all(puts);
  t.deepEqual(ledger.groups, [3]);
  t.is(new Set(anchorings.map(({ transactionId }) => transactionId)).size, 1);
});

test('one that ends without a fact is not waited for, whenever it ends', async (t) => {
  const ledger = fakeLedger();
  const next = gather(createGroupCommit(ledger.ledgers), network, 4);
  const [first, second, third, fourth] = [next(), next(), next(), next()];
  first.ended();
  first.ended();
  const both = [second, third].map(({ chain }, n) => chain.add(network, fact(`${n}`)));
  await delay(5);
  t.deepEqual(ledger.groups, []);
  fourth.ended();
  await Promise.all(both);
  second.ended();
  t.deepEqual(ledger.groups, [2]);
});

test('one that asks again goes by itself, and one that is refused fails alone', async (t) => {
  const ledger = fakeLedger();
  const next = gather(createGroupCommit(ledger.ledgers), network, 2);
  const [first, second] = [next().chain, next().chain];
  ledger.refused = fact('a').id;
  const refused = first.add(network, fact('a'));
  const stored = second.add(network, fact('b'));
  await t.throwsAsync(refused, { message: 'it is refused' });
  await stored;
  ledger.refused = undefined;
  t.like(await first.add(network, fact('a')), { version: 1 });
  t.deepEqual(ledger.groups, [1, 1]);
});
