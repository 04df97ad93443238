import test from 'ava';
import { decide, type Member, type State } from '../../../functions/failover/checks.ts';

const member = (pod: string, more: Partial<Member> = {}): Member => ({
  pod,
  uid: `uid-${pod}`,
  tier: 'vault',
  running: true,
  ready: true,
  restarts: 0,
  seal: 'unsealed',
  ...more,
});
const { seal: _, ...sealless } = member('');
const without = (pod: string, more: Partial<Member> = {}): Member => ({
  ...sealless,
  pod,
  ...more,
});

const table: Record<string, { members: Member[]; decided: string[] }> = {
  'a healthy Vault is left alone': {
    members: [member('vault-0'), member('vault-1'), member('vault-2')],
    decided: [],
  },
  'a member that restarted sealed is unsealed': {
    members: [member('vault-0'), member('vault-1', { seal: 'sealed', ready: false, restarts: 1 })],
    decided: ['unseal vault-1: it is sealed (restarts: 1)'],
  },
  'a sealed member is unsealed though its pod still counts as ready': {
    members: [member('vault-0', { seal: 'sealed' })],
    decided: ['unseal vault-0: it is sealed (restarts: 0)'],
  },
  'all members sealed are all unsealed, in their order': {
    members: [member('vault-0', { seal: 'sealed' }), member('vault-1', { seal: 'sealed' })],
    decided: [
      'unseal vault-0: it is sealed (restarts: 0)',
      'unseal vault-1: it is sealed (restarts: 0)',
    ],
  },
  'a member that runs and does not answer yet is waited for': {
    members: [member('vault-0', { seal: 'silent', ready: false })],
    decided: ['wait vault-0: it does not answer yet'],
  },
  'a ready member that was slow once is not waited for': {
    members: [member('vault-0', { seal: 'silent' })],
    decided: [],
  },
  'a Vault that was never initialized is the setup’s': {
    members: [
      member('vault-0', { seal: 'uninitialized', ready: false }),
      member('vault-1', { seal: 'uninitialized', ready: false }),
    ],
    decided: [],
  },
  'a member with an empty volume is waited for until it has joined the others': {
    members: [member('vault-0'), member('vault-1', { seal: 'uninitialized', ready: false })],
    decided: ['wait vault-1: it has not joined the others yet'],
  },
  'a member whose container does not run gives another event when it does': {
    members: [without('vault-0', { running: false, ready: false })],
    decided: [],
  },
  'members of other tiers restart by themselves': {
    members: [without('etcd-0', { tier: 'etcd', ready: false, restarts: 3 })],
    decided: [],
  },
  'nothing there is nothing to do': { members: [], decided: [] },
};

for (const [sentence, { members, decided }] of Object.entries(table)) {
  test(sentence, (t) => {
    const state: State = { members };
    const decisions = decide(state);
    t.deepEqual(
      decisions.map(({ action, target, reason }) => `${action} ${target.pod}: ${reason}`),
      decided,
    );
    t.deepEqual(decide(structuredClone(state)), decisions, 'same state, same decision');
  });
}
