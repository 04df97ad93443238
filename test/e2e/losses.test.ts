/** Losses that must not lose a network quietly, each on a network of its own. */
import test, { type ExecutionContext } from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import { connectGateway, type DataClient } from '../../scripts/cli/client.ts';
import { applyNetwork } from '../../scripts/cli/network.ts';
import {
  eventually,
  fresh,
  gateway,
  isReady,
  kubernetes,
  namespace,
  ownNamespace,
  pods,
  secret,
  tiny,
  user,
} from './cluster.ts';

const find = (name: string) => kubernetes.get<FabricNetwork>({ apiVersion, kind, namespace, name });

/** A network of three orderers and one peer, ready, and a user of it. */
async function made(
  t: ExecutionContext,
): Promise<{ name: string; own: string; alice: DataClient }> {
  const network = tiny(fresh('loss'));
  network.spec.consensus.orderers = 3;
  const { name } = network.metadata;
  t.teardown(() => kubernetes.remove({ apiVersion, kind, namespace, name }));
  await applyNetwork(kubernetes, network, { timeout: 240 });
  const { token } = await user('alice');
  return { name, own: ownNamespace(name), alice: connectGateway(gateway, name, token) };
}

async function writes(t: ExecutionContext, { alice }: { alice: DataClient }): Promise<void> {
  const key = fresh('after');
  const put = (): Promise<unknown> =>
    alice.put(key, Buffer.from('{"still":"here"}'), { contentType: 'application/json' });
  await eventually('a put goes through', 90, async () => {
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

/** Ends a pod and waits for the one that takes its name, ready. */
async function renewed(own: string, name: string): Promise<void> {
  const before = await kubernetes.get(pod(own, name));
  await kubernetes.remove(pod(own, name));
  await eventually(`${name} is back`, 180, async () => {
    const [found] = (await pods('selvedge.dev/component=orderer', own)).filter(
      ({ metadata }) => metadata.name === name,
    );
    return found && isReady(found) && found.metadata.uid !== before?.metadata.uid;
  });
}

test.serial('identities of orderers that were deleted come back as they were', async (t) => {
  const network = await made(t);
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
  'an orderer that lost its disk takes no part, which is said, and writes go on',
  async (t) => {
    const network = await made(t);
    const { own, name } = network;
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: own };
    const lost = 'solo-orderer-2';
    const volume = await kubernetes.get<KubernetesObject>({ ...claim, name: `data-${lost}` });
    t.truthy(volume);
    await kubernetes.remove({ ...claim, name: `data-${lost}` });
    await renewed(own, lost);
    const said = await eventually('the status says what is lost', 120, async () => {
      const { phase, conditions } = (await find(name))?.status ?? {};
      const channels = conditions?.find(({ type }) => type === 'Channels');
      return (
        phase === 'Degraded' && channels?.reason === 'ConsenterLostItsDisk' && channels.message
      );
    });
    t.regex(
      said,
      /^solo-orderer-2 has lost its ledger of one .*Restore its volume .* or replace it/,
    );
    await writes(t, network);
  },
);
