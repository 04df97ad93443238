import test from 'ava';
import { createChain } from '../../../functions/data-get/chain.ts';
import { submitFacts } from '../../../functions/lib/data/chain.ts';
import type { Fact } from '../../../functions/lib/data/fact.ts';
import { IntegrityError, Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';
import type { Ledger } from '../../../functions/lib/fabric/ledger.ts';
import { fakeLedger } from '../../fakes/ledger.ts';

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };
const ref = { ...network, key: 'a' };
const fact: Fact = {
  ...{
    incarnation: 'uid-1',
    key: 'a',
    version: 1,
    index: 'etcd://x',
    digest: `sha256:${'00'.repeat(32)}`,
  },
  ...{ size: 1, owner: 'alice', format: 'selvedge-1' },
};

test('a peer that lags behind is waited for by the transaction of the version', async (t) => {
  const { ledgers, state } = fakeLedger();
  const { transactionId } = await ledgers.with(network, (ledger) => submitFacts(ledger, [fact]));
  const block = state.get('a@1')!;
  state.clear();
  const chain = createChain({
    ...ledgers,
    with: (of, use) =>
      ledgers.with(of, (ledger) => {
        const commitStatus: Ledger['commitStatus'] = (id) => {
          state.set('a@1', block);
          return ledger.commitStatus(id);
        };
        return use({ ...ledger, commitStatus });
      }),
  });
  t.like(await chain.anchor(ref, { version: 1, transactionId }), fact);
  state.clear();
  t.like(await chain.read(ref, { version: 1, transactionId }), fact);
});

test('a version of a transaction that nobody knows is not on the chain', async (t) => {
  const chain = createChain(fakeLedger().ledgers);
  t.is(await chain.anchor(ref, { version: 1, transactionId: 'forged' }), undefined);
});

test('an answer that is no fact is not believed', async (t) => {
  const { ledgers, state } = fakeLedger();
  await ledgers.with(network, (ledger) => submitFacts(ledger, [fact]));
  const kept = JSON.parse(state.get('a@1')!) as Record<string, unknown>;
  for (const changed of [
    { ...kept, size: '1' },
    { ...kept, more: 1 },
    { ...kept, transactionId: '' },
  ]) {
    const evaluate = () => Promise.resolve(JSON.stringify(changed));
    const chain = createChain({
      with: (of, use) => ledgers.with(of, (ledger) => use({ ...ledger, evaluate })),
    });
    const read = chain.read(ref, { version: 1, transactionId: 'tx' });
    await t.throwsAsync(read, { instanceOf: IntegrityError });
  }
});

test('a peer that refuses to be asked is no fault of who reads', async (t) => {
  const { ledgers } = fakeLedger();
  const evaluate = () => Promise.reject(new Unprocessable('access denied'));
  const chain = createChain({
    with: (of, use) => ledgers.with(of, (ledger) => use({ ...ledger, evaluate })),
  });
  const read = chain.read(ref, { version: 1, transactionId: 'tx' });
  await t.throwsAsync(read, { instanceOf: Unavailable });
});
