import test from 'ava';
import { createChain } from '../../../functions/data-get/chain.ts';
import { submitFacts } from '../../../functions/lib/data/chain.ts';
import { IntegrityError, Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';
import type { Ledger } from '../../../functions/lib/fabric/ledger.ts';
import { idOf, versionFact } from '../../fakes/facts.ts';
import { fakeLedger } from '../../fakes/ledger.ts';

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };
const ref = { ...network, key: 'a' };
const names = { idOf: ({ key }: { key: string }) => Promise.resolve(idOf(key)) };

/** A chain with one version of `a` and of `b`, whose peers attest what is given instead. */
async function chainOf(attest?: (transaction: string, truth: string) => Promise<string>) {
  const { ledgers, state } = fakeLedger();
  const facts = [versionFact('a'), versionFact('b')];
  const { transactionId } = await ledgers.with(network, (ledger) => submitFacts(ledger, facts));
  const attesting = (ledger: Ledger): Ledger['attest'] =>
    attest ? async (of, args) => attest(of, await ledger.evaluate(of, args)) : ledger.attest;
  const chain = createChain(
    {
      ...ledgers,
      with: (of, use) =>
        ledgers.with(of, (ledger) => use({ ...ledger, attest: attesting(ledger) })),
    },
    names,
  );
  return { chain, state, transactionId };
}

test('a head and a version are what the chain keeps; what it does not know is undefined', async (t) => {
  const { chain, transactionId } = await chainOf();
  t.like(await chain.head(ref), { owner: 'c0ffee', version: 1 });
  t.like(await chain.version(ref, 1), { ...versionFact('a'), version: 1, transactionId });
  t.is(await chain.blockOf(ref, transactionId), 1);
  const none = { ...ref, key: 'none' };
  t.is(await chain.head(none), undefined);
  t.is(await chain.version(none, 1), undefined);
  t.is(await chain.blockOf(ref, 'forged'), undefined);
});

test('a version is remembered, a head never', async (t) => {
  const { chain, state } = await chainOf();
  await chain.version(ref, 1);
  state.clear();
  t.like(await chain.version(ref, 1), { version: 1 });
  t.is(await chain.head(ref), undefined);
});

const change = (changes: object) => (_: string, truth: string) =>
  Promise.resolve(JSON.stringify({ ...(JSON.parse(truth) as object), ...changes }));

for (const changes of [
  { size: '1' },
  { more: 1 },
  { transactionId: '' },
  { kind: 'erasure' },
  { version: 2 },
  { id: idOf('b') },
]) {
  test(`an answer with ${JSON.stringify(changes)} is not believed`, async (t) => {
    const { chain } = await chainOf(change(changes));
    await t.throwsAsync(chain.version(ref, 1), { instanceOf: IntegrityError });
  });
}

test('an answer that is no head is not believed', async (t) => {
  const { chain } = await chainOf(change({ version: '2' }));
  await t.throwsAsync(chain.head(ref), { instanceOf: IntegrityError });
});

test('a peer that refuses to be asked is no fault of who reads', async (t) => {
  const { chain } = await chainOf(() => Promise.reject(new Unprocessable('access denied')));
  await t.throwsAsync(chain.head(ref), { instanceOf: Unavailable });
});
