/** Full strength: all that should serve does, each part of it on a node that is there. Pure, but for `look`. */
import type { Kubernetes, KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, labels, type FabricNetwork } from '../../functions/lib/network.ts';
import { isReady, type Node, type Pod } from './world.ts';

/** A StatefulSet or a Deployment. */
export interface Workload extends KubernetesObject {
  spec: { replicas?: number; selector: { matchLabels?: Record<string, string> } };
}

export interface Seen {
  nodes: readonly Node[];
  pods: readonly Pod[];
  workloads: readonly Workload[];
  networks: readonly FabricNetwork[];
}

/** Where that is which a request or an event passes, beside the namespaces of networks. */
const places = /^(selvedge(-(storage|volumes))?|knative-.*|kourier-system|kube-system)$/;

/**
 * What is missing, a sentence each; nothing at full strength. Functions may sleep: one that does not has a pod
 * at least. Readiness of the tiers' pods says that Vault is unsealed, and that etcd and MinIO serve.
 *
 * @param absent pods that cannot serve whatever the API says of them: that a node is cut off, it learns late
 */
export function lacking(seen: Seen, absent: (pod: Pod) => boolean = () => false): string[] {
  const nodes = new Set(seen.nodes.filter(isReady).map(({ metadata }) => metadata.name));
  const serving = seen.pods.filter(
    (pod) => isReady(pod) && nodes.has(pod.spec?.nodeName ?? '') && !absent(pod),
  );
  const own = new Set(seen.networks.map(({ status }) => status?.namespace));
  const isOurs = (namespace = ''): boolean => places.test(namespace) || own.has(namespace);
  return [
    ...seen.workloads
      .filter(({ metadata }) => isOurs(metadata.namespace))
      .flatMap((workload) => tooFew(workload, serving)),
    ...seen.networks.flatMap((network) => withoutChaincode(network, serving)),
  ];
}

const functionLabel = 'serving.knative.dev/service';

function tooFew({ metadata, spec }: Workload, serving: readonly Pod[]): string[] {
  const { replicas = 1 } = spec;
  const wanted = metadata.labels?.[functionLabel] === undefined ? replicas : Math.min(replicas, 1);
  const selector = Object.entries(spec.selector.matchLabels ?? {});
  const found = serving.filter(
    (pod) =>
      pod.metadata.namespace === metadata.namespace &&
      selector.every(([name, value]) => pod.metadata.labels?.[name] === value),
  );
  return found.length >= wanted ? [] : [`${metadata.name} ${found.length}/${wanted}`];
}

/** Every peer of a channel has each of its chaincodes beside it. */
function withoutChaincode({ spec, status }: FabricNetwork, serving: readonly Pod[]): string[] {
  const own = serving.filter(({ metadata }) => metadata.namespace === status?.namespace);
  const labelled = (label: keyof typeof labels, value: string) => (pod: Pod) =>
    pod.metadata.labels?.[labels[label]] === value;
  const peers = own.filter(labelled('component', 'peer'));
  return spec.channels.flatMap(({ organizations, chaincodes = [] }) =>
    organizations.flatMap((organization) =>
      peers.filter(labelled('organization', organization)).flatMap((peer) =>
        chaincodes
          .filter(({ name }) =>
            own
              .filter(labelled('peer', peer.metadata.name))
              .filter(labelled('chaincode', name))
              .every((pod) => pod.spec?.nodeName !== peer.spec?.nodeName),
          )
          .map(({ name }) => `${name} beside ${peer.metadata.name}`),
      ),
    ),
  );
}

export async function look(kubernetes: Pick<Kubernetes, 'list'>): Promise<Seen> {
  const [nodes, pods, networks, ...workloads] = await Promise.all([
    kubernetes.list<Node>({ apiVersion: 'v1', kind: 'Node' }),
    kubernetes.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }),
    kubernetes.list<FabricNetwork>({ apiVersion, kind }),
    kubernetes.list<Workload>({ apiVersion: 'apps/v1', kind: 'StatefulSet' }),
    kubernetes.list<Workload>({ apiVersion: 'apps/v1', kind: 'Deployment' }),
  ]);
  return { nodes, pods, networks, workloads: workloads.flat() };
}
