/** The pods of networks and functions, as far as they may have to move. */
import { Forbidden } from '../lib/errors.ts';
import type { Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';
import { apiVersion, kind, labels, type FabricNetwork } from '../lib/network.ts';
import type { Pod } from './checks/check.ts';

/** A pod of a network, and where it is. */
export interface PlacedPod extends Pod {
  node: string | undefined;
}

type KubernetesPod = KubernetesObject & { spec?: { nodeName?: string } };

/** The networks declared in a namespace that have one of their own. */
export async function listNetworks(
  kubernetes: Kubernetes,
  namespace: string,
): Promise<FabricNetwork[]> {
  const all = await kubernetes.list<FabricNetwork>({ apiVersion, kind, namespace });
  return all.filter(({ status }) => status?.namespace !== undefined);
}

/** Every pod of these networks: members and chaincode. */
export async function listPods(
  kubernetes: Kubernetes,
  networks: readonly FabricNetwork[],
): Promise<PlacedPod[]> {
  const lists = await Promise.all(networks.map((network) => podsOf(kubernetes, network)));
  return lists.flat().map(placed);
}

/** Every pod beside the networks' declarations: functions, the gateway, the source of events. None has a disk. */
export async function listFunctions(
  kubernetes: Kubernetes,
  namespace: string,
): Promise<PlacedPod[]> {
  const found = await kubernetes.list<KubernetesPod>({ apiVersion: 'v1', kind: 'Pod', namespace });
  return found.map(placed);
}

const placed = ({ metadata: { namespace = '', name, uid = '' }, spec }: KubernetesPod) => ({
  ...{ namespace, name, uid },
  node: spec?.nodeName,
});

async function podsOf(
  kubernetes: Kubernetes,
  { metadata: { name }, status }: FabricNetwork,
): Promise<KubernetesPod[]> {
  const of = { apiVersion: 'v1', kind: 'Pod', namespace: status?.namespace };
  try {
    return await kubernetes.list<KubernetesPod>(of, `${labels.network}=${name}`);
  } catch (error) {
    // We have rights in a namespace once provisioning has made it: before that, there is nothing.
    if (error instanceof Forbidden) return [];
    throw error;
  }
}
