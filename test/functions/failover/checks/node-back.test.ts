import test from 'ava';
import type { State } from '../../../../functions/failover/checks/check.ts';
import { nodeBack } from '../../../../functions/failover/checks/node-back.ts';
import { sentence } from './members.ts';
import { node, pod, silent, volume } from './nodes.ts';

const out = { outBy: 'failover', strays: 0 } as const;
const state = (third: State['nodes'][number], more: Partial<State> = {}): State => ({
  ...{ members: [], nodes: [node(1), node(2), third] },
  ...more,
});
const takenBack = 'take-back node-3: it is back, and nothing that was moved runs on it';
const coming = ['wait node-3: it is on its way back'];
const occupied = ['wait node-3: what was moved still runs on it'];

const table: Record<string, [State, string[]]> = {
  'a node that was fenced and is well again is taken back': [state(node(3, out)), [takenBack]],
  'one that is still away is not waited for': [state(silent(3, 600, out)), []],
  'one that has only just answered is waited for': [
    state(node(3, { ...out, kubeletFor: 9 })),
    coming,
  ],
  'one that answers and does not renew its Lease is, too': [
    state(node(3, { ...out, renews: false })),
    coming,
  ],
  'and one that Kubernetes does not call ready': [state(node(3, { ...out, ready: false })), coming],
  'or knows nothing of': [state(node(3, { ...out, ready: undefined })), coming],
  'an old peer that still runs on it keeps it out': [
    state(node(3, { ...out, strays: 1 })),
    occupied,
  ],
  'a pod that has not ended there does as well': [
    state(node(3, { ...out, bound: [pod] })),
    occupied,
  ],
  'if nobody can tell what runs on it, people are told': [
    state(node(3, { ...out, strays: undefined })),
    ['alarm node-3: it is back, but does not tell whether what was moved still runs on it'],
  ],
  'what a person took out is theirs to take back': [
    state(node(3, { outBy: 'others', strays: 0 }), { volume: volume(['10.0.0.3']) }),
    [],
  ],
  'one that was shut out and never moved keeps its pods': [
    state(node(3, { bound: [pod], strays: 0 }), { volume: volume(['10.0.0.3'], null) }),
    [takenBack],
  ],
  'one that was never out is not looked at': [
    state(node(3), { volume: volume(['10.0.0.9'], null) }),
    [],
  ],
};

for (const [title, [seen, found]] of Object.entries(table)) {
  test(title, (t) => {
    t.deepEqual(nodeBack.look(seen).map(sentence), found);
  });
}
