import test from 'ava';
import type { State } from '../../../../functions/failover/checks/check.ts';
import { nodeLost } from '../../../../functions/failover/checks/node-lost.ts';
import { member, sentence } from './members.ts';
import { node, pod, silent, volume } from './nodes.ts';

const both = (seconds: number): string =>
  `its kubelet has been silent for ${seconds} s, its Lease not renewed for ${seconds} s`;
const well = [node(1), node(2)];
const lost = (nodes: State['nodes'], more: Partial<State> = {}): State => ({
  ...{ members: [], nodes },
  ...more,
});

const table: Record<string, [State, string[]]> = {
  'nodes that are well are left alone': [lost([...well, node(3)]), []],
  'a node that fell silent is looked at again': [
    lost([...well, silent(3, 0)]),
    [`wait node-3: ${both(0)}`],
  ],
  'silence is not believed for long': [
    lost([...well, silent(3, 14.9)]),
    [`wait node-3: ${both(14)}`],
  ],
  'a node that stays silent is fenced': [
    lost([...well, silent(3, 15)]),
    [`fence-node node-3: ${both(15)}`],
  ],
  'a slow node, whose kubelet answers in the end, is not': [
    lost([...well, node(3, { kubeletFor: 1, unrenewedFor: 30, renews: false })]),
    [],
  ],
  'nor is one whose kubelet is silent to us alone': [
    lost([...well, node(3, { answers: false, kubeletFor: 600, unrenewedFor: 8 })]),
    [],
  ],
  'one that renewed its Lease and then fell silent is looked at': [
    lost([...well, silent(3, 13, { renews: true, kubeletFor: 20 })]),
    ['wait node-3: its kubelet has been silent for 20 s, its Lease not renewed for 13 s'],
  ],
  'a process that is paused for less than the confirmation is not enough': [
    lost([...well, silent(3, 40, { kubeletFor: 12 })]),
    ['wait node-3: its kubelet has been silent for 12 s, its Lease not renewed for 40 s'],
  ],
  'an API server that restarts, with all Leases stale, is no lost node': [
    lost([1, 2, 3].map((n) => node(n, { unrenewedFor: 60, renews: false }))),
    [],
  ],
  'while it stores no Lease, a silent node may be renewing its own': [
    lost([...[1, 2].map((n) => node(n, { unrenewedFor: 30 })), silent(3, 30)]),
    [`alarm node-3: ${both(30)}, but most other nodes are not well either`],
  ],
  'if all others are silent, it is us who are cut off': [
    lost([node(1), silent(2, 30), silent(3, 30)]),
    [2, 3].map((n) => `alarm node-${n}: ${both(30)}, but most other nodes are not well either`),
  ],
  'which is waited for a while before people are told': [
    lost([node(1), silent(2, 24), silent(3, 24)]),
    [2, 3].map((n) => `wait node-${n}: ${both(24)}`),
  ],
  'of two nodes nobody can tell who is cut off': [
    lost([node(1), silent(2, 30)]),
    [`alarm node-2: ${both(30)}, but most other nodes are not well either`],
  ],
  'a node with a member that answers is there: its kubelet gets the time to restart': [
    lost([...well, silent(3, 39)], { members: [member('vault-0', { node: 'node-3' })] }),
    [`wait node-3: ${both(39)}`],
  ],
  'and is fenced when the kubelet does not come back': [
    lost([...well, silent(3, 40)], { members: [member('vault-0', { node: 'node-3' })] }),
    [`fence-node node-3: ${both(40)}`],
  ],
  'where Kubernetes has given it up, a few looks of our own are enough': [
    lost([...well, silent(3, 5, { ready: undefined })], {
      members: [member('vault-0', { node: 'node-3' })],
    }),
    [`fence-node node-3: ${both(5)}`],
  ],
  'but some there must be: it may be back by now': [
    lost([...well, silent(3, 4, { ready: undefined })]),
    [`wait node-3: ${both(4)}`],
  ],
  'and one that answers is not lost, whatever Kubernetes says': [
    lost([...well, node(3, { ready: undefined, unrenewedFor: 60, renews: false })]),
    [],
  ],
  'members that answer elsewhere say nothing of it': [
    lost([...well, silent(3, 15)], {
      members: [
        member('vault-0', { node: 'node-1' }),
        member('vault-1', { node: 'node-3', seal: 'silent' }),
      ],
    }),
    [`fence-node node-3: ${both(15)}`],
  ],
  'a node that was fenced to the end is let be, and nobody waits for it': [
    lost([...well, silent(3, 600, { outBy: 'failover' })], {
      volume: volume(['10.0.0.3'], ['10.0.0.3'], null),
    }),
    [],
  ],
  'a fence that was not built to the end is': [
    lost([...well, silent(3, 600, { outBy: 'failover', bound: [pod] })], {
      volume: volume(['10.0.0.3'], ['10.0.0.3'], null),
    }),
    [`fence-node node-3: ${both(600)}`],
  ],
  'so is one that a server of the volume has forgotten with its disk': [
    lost([...well, silent(3, 600, { outBy: 'failover' })], {
      volume: volume(['10.0.0.3'], [], null),
    }),
    [`fence-node node-3: ${both(600)}`],
  ],
  'what is lost beside a node that is out is not fenced by the third alone': [
    lost([node(1), silent(2, 25), silent(3, 600, { outBy: 'failover' })]),
    [`alarm node-2: ${both(25)}, but most other nodes are not well either`],
  ],
  'without any node there is none to lose': [lost([]), []],
};

for (const [title, [state, found]] of Object.entries(table)) {
  test(title, (t) => {
    t.deepEqual(nodeLost.look(state).map(sentence), found);
  });
}
