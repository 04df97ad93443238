/** The cluster as a fault meets it: the API, what runs, and, where it is ours, the machine under it. */
import type { KubernetesObject, PodStatus } from '../../functions/lib/kubernetes/client.ts';
import type { KubernetesHttp } from '../../functions/lib/kubernetes/http.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';
import type { Target } from '../cli/target.ts';
import type { Machine } from './machine.ts';

export interface World extends Target {
  /** For what `Kubernetes` has no verb for. */
  http: Pick<KubernetesHttp, 'done'>;
  /** kubectl with the flags that reach this cluster, for what runs until it is ended. */
  kubectlCommand: readonly [program: string, ...flags: string[]];
  /** The network that is probed. */
  network: FabricNetwork;
  /** Only of the local cluster of this checkout. */
  machine: Machine | undefined;
  /** At least 0, less than 1; the same from the same seed. */
  random: () => number;
  say: (line: string) => void;
}

/** What of a pod matters here. */
export interface Pod extends KubernetesObject {
  spec?: {
    nodeName?: string;
    containers?: { name: string; ports?: { name?: string; containerPort: number }[] }[];
  };
  status?: Pick<PodStatus, 'conditions' | 'podIP' | 'phase'>;
}

export interface Node extends KubernetesObject {
  spec?: { unschedulable?: boolean };
  status?: { conditions?: { type: string; status: string }[] };
}

export const isReady = ({ status, metadata }: Pod | Node): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false);

/** Pods that are ready, and not on their way out; of all namespaces where none is given. */
export async function readyPods(
  { kubernetes }: Pick<World, 'kubernetes'>,
  namespace: string | undefined,
  selector: string,
): Promise<Pod[]> {
  const pods = await kubernetes.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace }, selector);
  return pods.filter(isReady);
}

/** The namespace of the network's own. */
export function ownNamespace({ network: { metadata, status } }: Pick<World, 'network'>): string {
  const found = status?.namespace;
  if (found === undefined) throw new Error(`the network ${metadata.name} has no namespace yet`);
  return found;
}

/**
 * One of them, by chance.
 *
 * @throws Error when there is none
 */
export function oneOf<T>({ random }: Pick<World, 'random'>, what: string, all: readonly T[]): T {
  const found = all[Math.floor(random() * all.length)];
  if (found === undefined) throw new Error(`there is no ${what} that is ready`);
  return found;
}
