import test from 'ava';
import type { Pod } from '../../../functions/provisioning/members.ts';
import {
  crowded,
  movable,
  type Node,
  type Volume,
} from '../../../functions/provisioning/crowding.ts';

const minute = (n: number): string => new Date(n * 60_000).toISOString();
const namespace = 'selvedge-net-supply';

/** `a`: ready since minute 0, `b@5`: since minute 5, `-c`: not ready, `!d`: taken out, `?e`: closed to new pods. */
const nodesOf = (text: string): Node[] =>
  text.split(' ').map((word) => {
    const [name = '', since = '0'] = word.replace(/^[-!?]/, '').split('@');
    const status = word.startsWith('-') ? 'Unknown' : 'True';
    return {
      ...{ apiVersion: 'v1', kind: 'Node', metadata: { name } },
      spec: {
        unschedulable: word.startsWith('?'),
        taints: [
          { effect: 'PreferNoSchedule' },
          ...(word.startsWith('!') ? [{ effect: 'NoExecute' }] : []),
        ],
      },
      status: {
        conditions: [{ type: 'Ready', status, lastTransitionTime: minute(Number(since)) }],
      },
    };
  });

/** `o0:a`: orderer 0 on node a, made in minute 1; `p1:b@7`: peer 1 on b, made in minute 7. */
const podsOf = (text: string): Pod[] =>
  text.split(' ').map((word) => {
    const [name = '', node = '', at = '1'] = word.split(/[:@]/);
    const tier = name.startsWith('o') ? 'orderer' : 'peer';
    const labels = { 'selvedge.dev/component': tier };
    const metadata = { name, namespace, labels, creationTimestamp: minute(Number(at)) };
    return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: node } };
  });

const namesOf = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.name);

const volumeOf = ({ metadata: { name } }: Pod, nodeAffinity?: object): Volume => ({
  ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `pvc-${name}` } },
  spec: { claimRef: { namespace, name: `data-${name}` }, ...(nodeAffinity && { nodeAffinity }) },
});

const table: [sentence: string, pods: string, nodes: string, expected: string][] = [
  ['one on each node', 'o0:a o1:b o2:c', 'a b c', ''],
  ['two on a node, while the third is away', 'o0:a o1:a o2:b', 'a b -c', ''],
  ['two on a node, and the third is back', 'o0:a o1:a o2:b', 'a b c@5', 'o0 o1'],
  ['the third is back, but not yet taken back', 'o0:a o1:a o2:b', 'a b !c@5', ''],
  ['the third is back, and closed', 'o0:a o1:a o2:b', 'a b ?c@5', ''],
  ['one has been moved since it is back', 'o0:c@6 o1:a o2:b', 'a b c@5', ''],
  ['they were placed although it was there', 'o0:a@6 o1:a@6 o2:b', 'a b c@5', ''],
  ['four on two nodes, and the third is back', 'p0:a p1:a p2:b p3:b', 'a b c@5', 'p0 p1 p2 p3'],
  ['a difference of one cannot be less', 'p0:a p1:a p2:b p3:c', 'a b c@5', ''],
  ['each kind is counted for itself', 'o0:a p0:a o1:b p1:c', 'a b c@5', ''],
  ['peers are as even as they can be', 'o0:a o1:b o2:c p0:a p1:a p2:b p3:c', 'a b c', ''],
  ['they are uneven, and no node came', 'o0:a o1:b o2:c p0:a p1:a p2:b p3:b', 'a b c', ''],
  ['on a node that is there no more', 'o0:gone o1:gone o2:b', 'a@5 b c@5', 'o0 o1'],
];
for (const [sentence, given, nodes, expected] of table) {
  test(`${sentence}: ${expected || 'all stay'}`, (t) => {
    t.is(namesOf(crowded(podsOf(given), nodesOf(nodes))).join(' '), expected);
  });
}

test('who has its ledger on a node’s own disk stays', (t) => {
  const pods = podsOf('o0:a o1:a o2:b');
  const volumes = pods.map((pod) => volumeOf(pod, pod.metadata.name === 'o0' ? {} : undefined));
  const better = crowded(pods, nodesOf('a b c@5'));
  t.deepEqual(namesOf(movable(better, volumes)), ['o1']);
  t.deepEqual(movable(better, []), []);
});

test('who is leaving already is not sent away again', (t) => {
  const pods = podsOf('o0:a o1:a o2:b');
  pods[0]!.metadata.deletionTimestamp = minute(6);
  t.deepEqual(namesOf(crowded(pods, nodesOf('a b c@5'))), ['o1']);
});
