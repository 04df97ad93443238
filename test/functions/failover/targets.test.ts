import test from 'ava';
import { referenceOf, type Target } from '../../../functions/failover/targets.ts';

const table: Record<string, [Target, ReturnType<typeof referenceOf>]> = {
  'a member’s record belongs to its pod': [
    { kind: 'member', tier: 'vault', namespace: 's', pod: 'vault-0', uid: '1' },
    { apiVersion: 'v1', kind: 'Pod', namespace: 's', name: 'vault-0', uid: '1' },
  ],
  'a pod’s record belongs to it': [
    { kind: 'pod', namespace: 's', name: 'peer-0', uid: '1' },
    { apiVersion: 'v1', kind: 'Pod', namespace: 's', name: 'peer-0', uid: '1' },
  ],
  'a node has no namespace': [
    { kind: 'node', name: 'node-1', uid: '2' },
    { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: '2' },
  ],
  'a network’s record belongs to its resource': [
    { kind: 'network', namespace: 'selvedge', name: 'supply', uid: '3' },
    {
      apiVersion: 'selvedge.dev/v1alpha1',
      kind: 'FabricNetwork',
      namespace: 'selvedge',
      name: 'supply',
      uid: '3',
    },
  ],
  'a cluster is no object of this one': [{ kind: 'cluster', name: 'west' }, undefined],
};

for (const [title, [target, reference]] of Object.entries(table)) {
  test(title, (t) => {
    t.deepEqual(referenceOf(target), reference);
  });
}
