/** What a network runs on is renewed under its users. */
import test from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, labels } from '../../functions/lib/network.ts';
import { until } from '../../functions/lib/until.ts';
import { fresh, isReady, kubernetes, namespace, pods } from './cluster.ts';
import { backReady, made, type Made } from './networks.ts';

const members = `${labels.component} in (orderer, peer)`;

/** Changes what every orderer and peer is made from, as a new image does, and tells provisioning. */
async function renew({ name, own }: Made): Promise<void> {
  const renewed = { metadata: { annotations: { renewed: fresh('at') } } };
  const sets = await kubernetes.list<KubernetesObject>(
    { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: own },
    members,
  );
  for (const { metadata } of sets) {
    const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: own, name: metadata.name };
    await kubernetes.merge<KubernetesObject>(ref, { spec: { template: renewed } });
  }
  await kubernetes.merge<KubernetesObject>({ apiVersion, kind, namespace, name }, renewed);
}

test('orderers and peers are renewed one at a time, and no put fails meanwhile', async (t) => {
  const network = await made(t, { prefix: 'roll', peers: 2 });
  const { own, alice } = network;
  const old = new Set((await pods(members, own)).map((pod) => pod.metadata.uid));
  t.is(old.size, 5);

  let [over, most, longest, puts] = [false, 0, 0, 0];
  const writing = (async () => {
    while (!over) {
      const began = performance.now();
      const body = Buffer.from(JSON.stringify({ put: puts }));
      await alice.put(`during/${puts}`, body, { contentType: 'application/json' });
      longest = Math.max(longest, performance.now() - began);
      puts += 1;
    }
  })();
  await renew(network);
  await until(
    { what: 'every member to be a new one', timeoutMs: 300_000, mostMs: 250 },
    async () => {
      const found = await pods(members, own);
      const ready = found.filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp);
      most = Math.max(most, 5 - ready.length);
      return ready.length === 5 && ready.every((pod) => !old.has(pod.metadata.uid));
    },
  ).finally(() => (over = true));
  await writing;
  t.is(most, 1, 'members away at once');
  t.log(`${puts} puts, the longest took ${(longest / 1000).toFixed(1)} s`);
  await backReady(network, 60_000);
  t.true((await alice.verify(`during/${puts - 1}`)).verified);
});
