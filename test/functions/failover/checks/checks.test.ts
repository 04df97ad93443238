import test from 'ava';
import type { Check, Member } from '../../../../functions/failover/checks/check.ts';
import { vaultJoining } from '../../../../functions/failover/checks/vault-joining.ts';
import { vaultSealed } from '../../../../functions/failover/checks/vault-sealed.ts';
import { vaultSilent } from '../../../../functions/failover/checks/vault-silent.ts';
import { member, sentence, unasked } from './members.ts';

interface Row {
  check: Check;
  members: Member[];
  found: string[];
}

const table: Record<string, Row> = {
  'a sealed member is to be unsealed': {
    check: vaultSealed,
    members: [member('vault-0'), member('vault-1', { seal: 'sealed', ready: false, restarts: 1 })],
    found: ['unseal vault-1: it is sealed (restarts: 1)'],
  },
  'a sealed member is to be unsealed though its pod still counts as ready': {
    check: vaultSealed,
    members: [member('vault-0', { seal: 'sealed' })],
    found: ['unseal vault-0: it is sealed (restarts: 0)'],
  },
  'members that were not asked are not sealed': {
    check: vaultSealed,
    members: [
      unasked('etcd-0', { tier: 'etcd', ready: false, restarts: 3 }),
      unasked('vault-0', { running: false, ready: false }),
    ],
    found: [],
  },
  'a member that runs and does not answer yet is waited for': {
    check: vaultSilent,
    members: [member('vault-0', { seal: 'silent', ready: false })],
    found: ['wait vault-0: it does not answer yet'],
  },
  'a ready member that was slow once is not waited for': {
    check: vaultSilent,
    members: [member('vault-0', { seal: 'silent' })],
    found: [],
  },
  'a member with an empty volume is waited for until it has joined the others': {
    check: vaultJoining,
    members: [member('vault-0'), member('vault-1', { seal: 'uninitialized', ready: false })],
    found: ['wait vault-1: it has not joined the others yet'],
  },
  'there is nothing to join where no member is initialized': {
    check: vaultJoining,
    members: [
      member('vault-0', { seal: 'uninitialized', ready: false }),
      member('vault-1', { seal: 'uninitialized', ready: false }),
    ],
    found: [],
  },
};

for (const [title, { check, members, found }] of Object.entries(table)) {
  test(`${check.name}: ${title}`, (t) => {
    t.deepEqual(check.look({ members }).map(sentence), found);
  });
}
