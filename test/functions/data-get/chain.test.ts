import test from 'ava';
import { createChain } from '../../../functions/data-get/chain.ts';
import type { AnchorRecord } from '../../../functions/lib/events.ts';
import type { Ledger } from '../../../functions/lib/fabric/ledger.ts';
import { fakeLedger } from '../../fakes/ledger.ts';

const network = { namespace: 'selvedge', network: 'supply' };
const ref = { ...network, key: 'a' };
const record: AnchorRecord = {
  ...{ key: 'a', version: 1, index: 'etcd://x', digest: `sha256:${'00'.repeat(32)}` },
  ...{ size: 1, owner: 'alice', format: 'selvedge-1' },
};

test('a peer that lags behind is waited for by the transaction of the version', async (t) => {
  const { ledgers, state } = fakeLedger();
  const { transactionId } = await ledgers.with(network, (ledger) =>
    ledger.submit('put', [JSON.stringify([record])]),
  );
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
  t.like(await chain.anchor(ref, { version: 1, transactionId }), record);
  state.clear();
  t.like(await chain.read(ref, { version: 1, transactionId }), record);
});

test('a version of a transaction that nobody knows is not on the chain', async (t) => {
  const chain = createChain(fakeLedger().ledgers);
  t.is(await chain.anchor(ref, { version: 1, transactionId: 'forged' }), undefined);
});
