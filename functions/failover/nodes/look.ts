/** Looks at every node: what Kubernetes says of it, what its Lease says, and what it says itself. */
import { concurrently } from '../../lib/concurrently.ts';
import type { Kubernetes, KubernetesObject, LeaseSpec } from '../../lib/kubernetes/client.ts';
import type { Kubelet } from '../../lib/kubernetes/kubelet.ts';
import type { Node, Volume } from '../checks/check.ts';
import { isShutSomewhere } from '../checks/quorum.ts';
import { listNetworks, listPods, type PlacedPod } from '../networks.ts';
import { type Past, recall } from './past.ts';
import { outBy, type KubernetesNode } from './taint.ts';

/** Where kubelets renew their Leases. */
const leases = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace: 'kube-node-lease',
};

/** Kubelets asked at a time. */
const most = 32;

export interface NodeSources {
  kubernetes: Kubernetes;
  kubelet: Kubelet;
  /** Where networks are declared. */
  namespace: string;
  /** Seconds of a clock that nobody sets. */
  now: () => number;
}

export type NodeLook = (volume: Volume | undefined) => Promise<Node[]>;

/**
 * What looks at all nodes, and remembers between looks how long each has been as it is. Networks are
 * looked at only while there is something about a node.
 */
export function createNodeLook(sources: NodeSources): NodeLook {
  const { kubernetes, kubelet, now } = sources;
  let pasts = new Map<string, Past>();

  return async (volume) => {
    const [nodes, renewals] = await Promise.all([
      kubernetes.list<KubernetesNode>({ apiVersion: 'v1', kind: 'Node' }),
      renewalsOf(kubernetes),
    ]);
    const answers = await concurrently(most, nodes, (node) =>
      answersAt(kubelet, addressesOf(node)),
    );
    const at = now();
    const looks = nodes.map((node, index) => {
      const look = { renewal: renewals.get(node.metadata.name), answers: answers[index] ?? false };
      return { node, past: recall(pasts.get(keyOf(node)), look, at) };
    });
    pasts = new Map(looks.map(({ node, past }) => [keyOf(node), past]));
    const seen = looks.map(({ node, past }) => describe(node, past));
    const isApart = (node: Node): boolean =>
      node.outBy !== undefined || isShutSomewhere(node, volume);
    const isQuiet = seen.every((node) => node.answers && !isApart(node));
    return isQuiet ? seen : withPods(sources, seen, isApart);
  };
}

/** A node made again under an old name is another. */
function keyOf({ metadata: { name, uid = '' } }: KubernetesNode): string {
  return `${name}/${uid}`;
}

async function renewalsOf(kubernetes: Kubernetes): Promise<Map<string, string | undefined>> {
  const found = await kubernetes.list<KubernetesObject & { spec?: LeaseSpec }>(leases);
  return new Map(found.map(({ metadata, spec }) => [metadata.name, spec?.renewTime]));
}

/** One address that answers is enough. */
async function answersAt(kubelet: Kubelet, addresses: readonly string[]): Promise<boolean> {
  const asked = addresses.map(async (address) => {
    if (!(await kubelet.answers(address))) throw new Error('silent');
  });
  return Promise.any(asked).then(
    () => true,
    () => false,
  );
}

function addressesOf({ status }: KubernetesNode): string[] {
  const internal = status?.addresses?.filter(({ type }) => type === 'InternalIP') ?? [];
  return internal.map(({ address }) => address);
}

function describe(node: KubernetesNode, past: Past): Node {
  const { metadata, status } = node;
  return {
    kind: 'node',
    ...{ name: metadata.name, uid: metadata.uid ?? '', addresses: addressesOf(node) },
    ready: isReady(status?.conditions),
    outBy: outBy(node),
    answers: past.answers,
    kubeletFor: past.lookedAt - past.kubeletSince,
    unrenewedFor: past.lookedAt - past.unrenewedSince,
    renews: past.renews,
    ...{ bound: [], strays: undefined },
  };
}

function isReady(conditions: { type: string; status: string }[] = []): boolean | undefined {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready?.status === 'Unknown' ? undefined : ready?.status === 'True';
}

async function withPods(
  sources: NodeSources,
  nodes: readonly Node[],
  isApart: (node: Node) => boolean,
): Promise<Node[]> {
  const networks = await listNetworks(sources.kubernetes, sources.namespace);
  const namespaces = new Set(networks.map(({ status }) => status?.namespace ?? ''));
  const pods = await listPods(sources.kubernetes, networks);
  return Promise.all(
    nodes.map(async (node) => {
      const bound = pods.filter((pod) => pod.node === node.name).map(withoutNode);
      if (!isApart(node) || !node.answers) return { ...node, bound };
      return { ...node, bound, strays: await straysOn(sources.kubelet, node, namespaces, pods) };
    }),
  );
}

const withoutNode = ({ namespace, name, uid }: PlacedPod) => ({ namespace, name, uid });

/** The pods of networks that the node runs and Kubernetes does not have there. */
async function straysOn(
  kubelet: Kubelet,
  node: Node,
  namespaces: ReadonlySet<string>,
  pods: readonly PlacedPod[],
): Promise<number | undefined> {
  const known = new Set(pods.filter((pod) => pod.node === node.name).map(({ uid }) => uid));
  try {
    const running = await kubelet.running(node.addresses[0] ?? '');
    return running.filter((pod) => namespaces.has(pod.namespace) && !known.has(pod.uid)).length;
  } catch {
    // Whatever the reason: it is not known, and decided upon as such.
    return undefined;
  }
}
