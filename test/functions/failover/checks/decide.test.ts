import test from 'ava';
import { checks, decide } from '../../../../functions/failover/checks/decide.ts';
import type { Check, Member } from '../../../../functions/failover/checks/check.ts';
import type { Target } from '../../../../functions/failover/targets.ts';
import { member, sentence, unasked } from './members.ts';

const table: Record<string, { members: Member[]; decided: string[] }> = {
  'a healthy Vault is left alone': {
    members: [member('vault-0'), member('vault-1'), member('vault-2')],
    decided: [],
  },
  'all members sealed are all unsealed, in their order': {
    members: [member('vault-0', { seal: 'sealed' }), member('vault-1', { seal: 'sealed' })],
    decided: [
      'vault-sealed: unseal vault-0: it is sealed (restarts: 0)',
      'vault-sealed: unseal vault-1: it is sealed (restarts: 0)',
    ],
  },
  'members in different states are each helped': {
    members: [
      member('vault-0', { seal: 'silent', ready: false }),
      member('vault-1', { seal: 'sealed', restarts: 2 }),
      member('vault-2', { seal: 'uninitialized' }),
    ],
    decided: [
      'vault-sealed: unseal vault-1: it is sealed (restarts: 2)',
      'vault-silent: wait vault-0: it does not answer yet',
      'vault-joining: wait vault-2: it has not joined the others yet',
    ],
  },
  'members of other tiers restart by themselves': {
    members: [unasked('etcd-0', { tier: 'etcd', ready: false, restarts: 3 })],
    decided: [],
  },
  'nothing there is nothing to do': { members: [], decided: [] },
};

for (const [title, { members, decided }] of Object.entries(table)) {
  test(title, (t) => {
    const decisions = decide({ members, nodes: [] });
    t.deepEqual(
      decisions.map((decision) => `${decision.check}: ${sentence(decision)}`),
      decided,
    );
    t.deepEqual(
      decide(structuredClone({ members, nodes: [] })),
      decisions,
      'same state, same decision',
    );
  });
}

const finds = (name: string, ...targets: Target[]): Check => ({
  name,
  look: () => targets.map((target) => ({ action: 'wait', target, reason: name })),
});

test('the first check that finds something about a target speaks for it', (t) => {
  const node: Target = { kind: 'node', name: 'a', uid: '1' };
  const chain = [finds('first', node), finds('second', node)];
  t.deepEqual(
    decide({ members: [], nodes: [] }, chain).map(({ check }) => check),
    ['first'],
  );
});

test('targets of one name and different kinds or namespaces are different targets', (t) => {
  const targets: Target[] = [
    { kind: 'node', name: 'a', uid: '1' },
    { kind: 'cluster', name: 'a' },
    { kind: 'network', namespace: 'one', name: 'a', uid: '2' },
    { kind: 'network', namespace: 'two', name: 'a', uid: '3' },
    { kind: 'pod', namespace: 'one', name: 'a', uid: '4' },
  ];
  t.is(decide({ members: [], nodes: [] }, [finds('any', ...targets)]).length, targets.length);
});

test('a member is the pod it runs in: two checks never act on it twice', (t) => {
  const { namespace, pod, uid, tier } = member('vault-0');
  const chain = [
    finds('pods', { kind: 'pod', namespace, name: pod, uid }),
    finds('members', { kind: 'member', tier, namespace, pod, uid }),
  ];
  t.is(decide({ members: [], nodes: [] }, chain).length, 1);
});

test('no two checks share a name, and each fits a label', (t) => {
  const names = checks.map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  for (const name of names) t.regex(name, /^[a-z][a-z0-9-]{0,62}$/);
});
