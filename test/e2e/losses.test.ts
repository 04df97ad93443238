/** Losses that must not lose a network quietly, each on a network of its own. */
import test, { type ExecutionContext } from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { until } from '../../functions/lib/until.ts';
import type { DataClient } from '../../scripts/cli/client.ts';
import { fresh, isReady, kubernetes, namespace, pods, secret } from './cluster.ts';
import { backReady, made } from './networks.ts';

type Told = KubernetesObject & {
  reason: string;
  message: string;
  involvedObject: { name: string };
};

async function eventsOf(name: string): Promise<Told[]> {
  const all = await kubernetes.list<Told>({ apiVersion: 'v1', kind: 'Event', namespace });
  return all.filter(({ involvedObject }) => involvedObject.name === name);
}

async function writes(t: ExecutionContext, { alice }: { alice: DataClient }): Promise<void> {
  const key = fresh('after');
  const put = (): Promise<unknown> =>
    alice.put(key, Buffer.from('{"still":"here"}'), { contentType: 'application/json' });
  await until({ what: 'a put to go through', timeoutMs: 90_000 }, async () => {
    await put();
    return true;
  });
  t.true((await alice.verify(key)).verified);
}

const pod = (own: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: own,
  name,
});

/**
 * Ends a pod and waits for the one that takes its name, ready. A kubelet that found no Secret to mount looks again
 * after up to two minutes.
 */
async function renewed(own: string, name: string): Promise<void> {
  const before = await kubernetes.get(pod(own, name));
  await kubernetes.remove(pod(own, name));
  await until({ what: `${name} to be back`, timeoutMs: 360_000 }, async () => {
    const [found] = (await pods('selvedge.dev/component=orderer', own)).filter(
      ({ metadata }) => metadata.name === name,
    );
    return found && isReady(found) && found.metadata.uid !== before?.metadata.uid;
  });
}

test.serial('identities of orderers that were deleted come back as they were', async (t) => {
  const network = await made(t, { prefix: 'loss' });
  const { own } = network;
  const name = 'solo-orderer-identity';
  const before = await secret(name, own);
  await kubernetes.remove({ apiVersion: 'v1', kind: 'Secret', namespace: own, name });
  // The pod waits for its Secret; that it is not ready wakes provisioning.
  await renewed(own, 'solo-orderer-0');
  t.deepEqual(await secret(name, own), before);
  await renewed(own, 'solo-orderer-1');
  await renewed(own, 'solo-orderer-2');
  await writes(t, network);
});

test.serial(
  'an orderer that lost its disk is replaced without anyone’s help, and writes go on',
  async (t) => {
    const network = await made(t, { prefix: 'loss' });
    const { own, name } = network;
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: own };
    const lost = 'solo-orderer-2';
    const volume = await kubernetes.get<KubernetesObject>({ ...claim, name: `data-${lost}` });
    t.truthy(volume);
    await kubernetes.remove({ ...claim, name: `data-${lost}` });
    await renewed(own, lost);
    await until({ what: 'Events of its replacement', timeoutMs: 120_000 }, async () => {
      const told = await eventsOf(name);
      return ['ConsenterRemoved', 'ConsenterAdded'].every((reason) =>
        told.some((one) => one.reason === reason && one.message.startsWith(lost)),
      );
    });
    await backReady(network, 120_000);
    await writes(t, network);
    // With the one that was replaced, the others are a majority without any other.
    await kubernetes.remove(pod(own, 'solo-orderer-0'));
    await writes(t, network);
  },
);
