import test from 'ava';
import type { Check, Member } from '../../../../functions/failover/checks/check.ts';
import { vaultJoining } from '../../../../functions/failover/checks/vault-joining.ts';
import { vaultLost } from '../../../../functions/failover/checks/vault-lost.ts';
import { vaultSealed } from '../../../../functions/failover/checks/vault-sealed.ts';
import { vaultSilent } from '../../../../functions/failover/checks/vault-silent.ts';
import { vaultUsurper } from '../../../../functions/failover/checks/vault-usurper.ts';
import { member, sentence, unasked } from './members.ts';

interface Row {
  check: Check;
  members: Member[];
  /** Whom Vault counts on: a name with a dash before it has no vote. */
  peers?: string[];
  found: string[];
}

const lost = (pod: string): Member => member(pod, { seal: 'sealed', ready: false, empty: true });
const all = ['vault-0', 'vault-1', 'vault-2'];

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
  'a member without its disk is replaced where the others count on it': {
    check: vaultLost,
    members: [member('vault-0'), lost('vault-1'), member('vault-2')],
    peers: all,
    found: ['replace vault-1: it has lost its disk, and the others count on what was there'],
  },
  'so is one that does not even know yet whom to join': {
    check: vaultLost,
    members: [member('vault-0'), { ...lost('vault-1'), seal: 'uninitialized' }, member('vault-2')],
    peers: all,
    found: ['replace vault-1: it has lost its disk, and the others count on what was there'],
  },
  'it joins as any other when nobody counts on it any more': {
    check: vaultLost,
    members: [member('vault-0'), lost('vault-1'), member('vault-2')],
    peers: ['vault-0', 'vault-2'],
    found: [],
  },
  'one without a vote may just be joining, and is not removed': {
    check: vaultLost,
    members: [member('vault-0'), lost('vault-1'), member('vault-2')],
    peers: ['vault-0', '-vault-1', 'vault-2'],
    found: [],
  },
  'it is not replaced while the others are no majority': {
    check: vaultLost,
    members: [member('vault-0'), lost('vault-1'), member('vault-2', { seal: 'sealed' })],
    peers: all,
    found: [
      'wait vault-1: it has lost its disk, and too few of the others are unsealed to replace it',
    ],
  },
  'two are not replaced at once: the second waits for the vote of the first': {
    check: vaultLost,
    members: [member('vault-0'), member('vault-1'), lost('vault-2')],
    peers: ['vault-0', '-vault-1', 'vault-2'],
    found: [
      'wait vault-2: it has lost its disk, and too few of the others are unsealed to replace it',
    ],
  },
  'two that lost their disks together wait': {
    check: vaultLost,
    members: [member('vault-0'), lost('vault-1'), lost('vault-2')],
    peers: all,
    found: [1, 2].map(
      (n) =>
        `wait vault-${n}: it has lost its disk, and too few of the others are unsealed to replace it`,
    ),
  },
  'it is not let in while nobody tells whom the others count on': {
    check: vaultLost,
    members: [member('vault-0', { seal: 'sealed' }), lost('vault-1')],
    found: ['wait vault-1: its disk is empty, and the others do not tell whether they count on it'],
  },
  'one leader is as it should be': {
    check: vaultUsurper,
    members: [member('vault-0'), member('vault-1', { leadsFor: 5000 }), member('vault-2')],
    found: [],
  },
  'of two leaders the one that led before is started anew': {
    check: vaultUsurper,
    members: [
      member('vault-0', { leadsFor: 5000 }),
      member('vault-1', { leadsFor: 20 }),
      member('vault-2'),
    ],
    found: ['restart vault-0: it acts as the leader, which vault-1 is'],
  },
  'it has a moment to end its work': {
    check: vaultUsurper,
    members: [member('vault-0', { leadsFor: 19 }), member('vault-1', { leadsFor: 5000 })],
    found: ['wait vault-1: it acts as the leader, which vault-0 is'],
  },
  'where no disk has anything there is nothing that was lost': {
    check: vaultLost,
    members: [member('vault-0', { seal: 'uninitialized', empty: true }), lost('vault-1')],
    found: [],
  },
};

const peerOf = (name: string) => ({ name: name.replace('-v', 'v'), voter: !name.startsWith('-') });

for (const [title, { check, members, peers, found }] of Object.entries(table)) {
  test(`${check.name}: ${title}`, (t) => {
    t.deepEqual(
      check.look({ members, nodes: [], ...(peers && { peers: peers.map(peerOf) }) }).map(sentence),
      found,
    );
  });
}
