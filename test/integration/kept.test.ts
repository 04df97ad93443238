/** What provisioning keeps for itself in a real Vault, under its own policy and nobody else's. */
import { randomBytes } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { connectVault, VaultRefusal } from '../../functions/lib/vault/client.ts';
import { createKept, forget } from '../../functions/provisioning/kept.ts';
import { keptPath } from '../../functions/provisioning/resources/names.ts';
import type { Plan } from '../../functions/provisioning/resources/plan.ts';
import { planFor, supply } from '../functions/provisioning/world.ts';
import { startVault, type VaultServer } from './harness.ts';

const test = anyTest as TestFn<VaultServer>;
test.before(async (t) => {
  t.context = await startVault();
});
test.after.always((t) => t.context.stop());

const planWith = (uid: string): Plan => {
  const network = { ...supply(), metadata: { ...supply().metadata, uid } };
  return planFor(network);
};

const vaultAs = ({ as }: VaultServer, user: Parameters<VaultServer['as']>[0]) =>
  connectVault(as(user));

test('what is kept once is read back, and never written over', async (t) => {
  const kept = createKept(vaultAs(t.context, 'provisioning'), planWith('once'));
  t.is(await kept.read('genesis/goods'), undefined);
  // As large as Vault is asked to take: its storage must not refuse what we let pass.
  const block = randomBytes(740_000).toString('base64');
  await kept.write('genesis/goods', { block }, { once: true });
  await t.throwsAsync(kept.write('genesis/goods', { block: 'other' }, { once: true }), {
    instanceOf: VaultRefusal,
  });
  t.deepEqual(await kept.read('genesis/goods'), { block });
});

test('what is kept and may change does', async (t) => {
  const kept = createKept(vaultAs(t.context, 'provisioning'), planWith('changes'));
  await kept.write('joined/goods', { members: ['a'] });
  await kept.write('joined/goods', { members: ['a', 'b'] });
  t.deepEqual(await kept.read('joined/goods'), { members: ['a', 'b'] });
});

test('a network that goes takes all that was kept of it along, and of no other', async (t) => {
  const vault = vaultAs(t.context, 'provisioning');
  const [going, staying] = [planWith('going'), planWith('staying')];
  for (const plan of [going, staying]) {
    await createKept(vault, plan).write('genesis/goods', { block: 'x' }, { once: true });
    await createKept(vault, plan).write('joined/goods', { members: [] });
  }
  await forget(vault, going.id);
  await forget(vault, going.id);
  t.is(await createKept(vault, going).read('genesis/goods'), undefined);
  t.is(await createKept(vault, going).read('joined/goods'), undefined);
  t.deepEqual(await createKept(vault, staying).read('genesis/goods'), { block: 'x' });
});

for (const user of ['data-put', 'data-get'] as const) {
  test(`${user} reads nothing of it`, async (t) => {
    const path = `${keptPath(planWith('once').id)}/genesis/goods`;
    await t.throwsAsync(vaultAs(t.context, user).read(path), { instanceOf: VaultRefusal });
  });
}
