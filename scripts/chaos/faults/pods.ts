/** Pods that are killed: of networks, tiers, functions, and of what a request or an event passes. */
import { labels } from '../../../functions/lib/network.ts';
import { storageNamespace, tierNames } from '../../../functions/lib/tiers.ts';
import { oneOf, ownNamespace, readyPods, type Pod, type World } from '../world.ts';
import type { Fault } from './fault.ts';
import { killing } from './kill.ts';
import { leadingEtcd, leadingOrderer, leadingVault } from './leaders.ts';

/** One of those that a selector picks. */
const any =
  (namespace: string | undefined | ((world: World) => string), selector: string) =>
  async (world: World): Promise<Pod[]> => {
    const where = typeof namespace === 'function' ? namespace(world) : namespace;
    return [oneOf(world, `pod of ${selector}`, await readyPods(world, where, selector))];
  };

const home = ({ network }: World): string => network.metadata.namespace;

/** The peer that a data function has a connection to; where the machine is not ours, any. */
async function busyPeer(world: World): Promise<Pod[]> {
  const peers = await readyPods(world, ownNamespace(world), `${labels.component}=peer`);
  const callers = await readyPods(world, home(world), 'serving.knative.dev/service=data-put');
  const connected = await Promise.all(
    callers.map(async (caller) => (await world.machine?.connectionsOf(caller)) ?? []),
  );
  const busy = peers.filter(({ status }) => connected.flat().includes(status?.podIP ?? ''));
  return [oneOf(world, 'peer', busy.length > 0 ? busy : peers)];
}

const killed: Record<string, [says: string, pick: (world: World) => Promise<Pod[]>]> = {
  'orderer-leader': [
    'the orderer that leads the channel is killed',
    async (world) => [await leadingOrderer(world)],
  ],
  peer: ['the peer that data-put talks to is killed', busyPeer],
  chaincode: [
    'the chaincode of a peer is killed',
    any(ownNamespace, `${labels.component}=chaincode`),
  ],
  'vault-leader': [
    'the Vault member that leads is killed; it comes back sealed',
    async (world) => [await leadingVault(world)],
  ],
  'vault-all': [
    'every Vault member is killed',
    (world) => readyPods(world, storageNamespace, 'selvedge.dev/tier=vault'),
  ],
  'etcd-leader': [
    'the etcd member that leads is killed',
    async (world) => [await leadingEtcd(world)],
  ],
  ...Object.fromEntries(
    tierNames
      .filter((name) => name !== 'vault' && name !== 'etcd')
      .map((name) => [
        name,
        [`a member of ${name} is killed`, any(storageNamespace, `selvedge.dev/tier=${name}`)],
      ]),
  ),
  gateway: ['a pod of the gateway is killed', any(home, 'app.kubernetes.io/name=gateway')],
  'data-put': ['a pod of data-put is killed', any(home, 'serving.knative.dev/service=data-put')],
  'data-get': ['a pod of data-get is killed', any(home, 'serving.knative.dev/service=data-get')],
  kourier: ['a pod of Kourier is killed', any('kourier-system', 'app=3scale-kourier-gateway')],
  activator: ['a pod of the activator is killed', any('knative-serving', 'app=activator')],
  // Where they are depends on the kind of Broker.
  broker: ['a pod of the Broker is killed', any(undefined, 'eventing.knative.dev/brokerRole')],
  dns: ['a pod of the cluster’s DNS is killed', any('kube-system', 'k8s-app=kube-dns')],
};

export const podFaults: readonly Fault[] = Object.entries(killed).map(([name, [says, pick]]) => ({
  name,
  says,
  aim: async (world) => killing(world, await pick(world)),
}));
