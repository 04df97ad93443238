import test from 'ava';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { labels } from '../../../functions/lib/network.ts';
import { until } from '../../../functions/lib/until.ts';
import {
  fresh,
  isReady,
  kubernetes,
  network,
  ownNamespace,
  pods,
  user,
  type Pod,
} from '../cluster.ts';

const namespace = ownNamespace(network);

const component = (name: string): string =>
  `${labels.network}=${network},${labels.component}=${name}`;

/** The node of every peer and of its chaincode pods, by peer. */
async function nodes(): Promise<Map<string, { peer: Pod; chaincodes: Pod[] }>> {
  const [peers, chaincodes] = [
    await pods(component('peer'), namespace),
    await pods(component('chaincode'), namespace),
  ];
  return new Map(
    peers.map((peer) => [
      peer.metadata.name,
      {
        peer,
        chaincodes: chaincodes.filter(
          ({ metadata }) => metadata.labels?.[labels.peer] === peer.metadata.name,
        ),
      },
    ]),
  );
}

/** A peer whose chaincode is ready on its own node, and nowhere else. */
function isTogether({ peer, chaincodes }: { peer: Pod; chaincodes: Pod[] }): boolean {
  return (
    isReady(peer) &&
    chaincodes.length > 0 &&
    chaincodes.every((pod) => isReady(pod) && pod.spec.nodeName === peer.spec.nodeName)
  );
}

test.serial('every chaincode pod runs on the node of its peer', async (t) => {
  const placed = await nodes();
  t.is(placed.size, 4);
  for (const [name, both] of placed) t.true(isTogether(both), name);
});

test.serial('a crashed chaincode pod comes back beside its peer', async (t) => {
  const [name, { chaincodes }] = [...(await nodes())][0]!;
  const crashed = chaincodes[0]!;
  await kubernetes.remove(
    { apiVersion: 'v1', kind: 'Pod', namespace, name: crashed.metadata.name },
    { gracePeriodSeconds: 0 },
  );
  await until({ what: 'another chaincode pod to be ready', timeoutMs: 90_000 }, async () => {
    const both = (await nodes()).get(name)!;
    return (
      isTogether(both) && both.chaincodes.every((pod) => pod.metadata.uid !== crashed.metadata.uid)
    );
  });
  t.pass();
});

test.serial('chaincode follows its peer to another node, and the chain goes on', async (t) => {
  const name = 'shop-peer-1';
  const { peer } = (await nodes()).get(name)!;
  const from = peer.spec.nodeName!;
  const node = { apiVersion: 'v1', kind: 'Node', name: from };
  await kubernetes.merge<KubernetesObject>(node, { spec: { unschedulable: true } });
  try {
    // Volumes are local to a node for now: moving a peer gives it a new one, filled from the chain.
    const claim = peer.spec.volumes?.find((volume) => volume.persistentVolumeClaim);
    await kubernetes.remove({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name: claim!.persistentVolumeClaim!.claimName,
    });
    await kubernetes.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name });
    await until(
      { what: 'peer and chaincode to be together on another node', timeoutMs: 180_000 },
      async () => {
        const both = (await nodes()).get(name);
        return both && both.peer.spec.nodeName !== from && isTogether(both);
      },
    );
  } finally {
    await kubernetes.merge<KubernetesObject>(node, { spec: { unschedulable: null } });
  }
  const alice = await user('alice');
  const key = fresh('moved');
  await alice.put(key, Buffer.from('{"moved":true}'), { contentType: 'application/json' });
  t.true((await alice.verify(key)).verified);
});
