import test from 'ava';
import {
  createKept,
  type Copies,
  decideKept,
  type Decision,
} from '../../../functions/provisioning/kept.ts';
import { createWorld, planFor } from './world.ts';

const one = { key: 'a' };
const other = { key: 'b' };
const decisions: [sentence: string, copies: Copies, decision: Decision][] = [
  ['both copies are there', { here: one, kept: { ...one }, pinned: true }, 'keep'],
  ['Vault has none yet', { here: one, kept: undefined, pinned: true }, 'store'],
  ['only Vault has it', { here: undefined, kept: one, pinned: true }, 'restore'],
  [
    'only Vault has it, and nothing depends on it',
    { here: undefined, kept: one, pinned: false },
    'restore',
  ],
  ['they differ', { here: other, kept: one, pinned: true }, 'restore'],
  [
    'there is none and nothing depends on one',
    { here: undefined, kept: undefined, pinned: false },
    'mint',
  ],
  [
    'there is none and a channel depends on it',
    { here: undefined, kept: undefined, pinned: true },
    'refuse',
  ],
];
for (const [sentence, copies, decision] of decisions) {
  test(`${sentence}: ${decision}`, (t) => t.is(decideKept(copies), decision));
}

test('what Vault cannot keep is refused rather than lost', async (t) => {
  const { clients } = await createWorld();
  const kept = createKept(clients.vault, planFor());
  await kept.write('small', { block: 'x'.repeat(1000) });
  t.deepEqual(await kept.read('small'), { block: 'x'.repeat(1000) });
  await t.throwsAsync(kept.write('big', { block: 'x'.repeat(1024 * 1024) }), { name: 'Refused' });
  t.is(await kept.read('big'), undefined);
});

test('what is kept once is not written over', async (t) => {
  const { clients } = await createWorld();
  const kept = createKept(clients.vault, planFor());
  await kept.write('block', { block: 'first' }, { once: true });
  await t.throwsAsync(kept.write('block', { block: 'second' }, { once: true }));
  t.deepEqual(await kept.read('block'), { block: 'first' });
});
