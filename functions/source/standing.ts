/** What of a Kubernetes object somebody acts on. Its heartbeats, and what others note on it, are left out. */
import type { KubernetesObject } from '../lib/kubernetes/client.ts';

interface Condition {
  type: string;
  status: string;
  reason?: string;
}

/** The fields that are looked at, of any kind. */
export type Watched = KubernetesObject & {
  spec?: {
    replicas?: number;
    nodeName?: string;
    unschedulable?: boolean;
    taints?: { key: string; effect: string }[];
  };
  status?: {
    phase?: string;
    observedGeneration?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    updatedReplicas?: number;
    /** Of a Knative Service. */
    latestReadyRevisionName?: string;
    conditions?: Condition[];
    containerStatuses?: { restartCount: number; state?: { running?: object } }[];
  };
};

/** The conditions of pods and nodes that count: the others repeat them or tell the time. */
const counted = new Set(['Ready', 'PodScheduled', 'Available', 'Progressing', 'ReplicaFailure']);

/** The same text as long as nobody has anything to do about an object. */
export function standingOf({ kind, metadata, spec = {}, status = {} }: Watched): string {
  const { uid, generation, deletionTimestamp } = metadata;
  const whole = { uid, generation, gone: deletionTimestamp !== undefined };
  // What a network's status says is written by those who would be woken.
  if (kind === 'FabricNetwork') return JSON.stringify(whole);
  // Those who are woken by a new version of theirs must not be the one before it.
  if (kind === 'Service') return JSON.stringify([uid, status.latestReadyRevisionName]);
  const { phase, readyReplicas, availableReplicas, updatedReplicas } = status;
  const { conditions = [], containerStatuses = [] } = status;
  return JSON.stringify({
    ...whole,
    node: spec.nodeName,
    unschedulable: spec.unschedulable,
    taints: spec.taints?.map(({ key, effect }) => `${key}:${effect}`),
    status: { phase, readyReplicas, availableReplicas, updatedReplicas },
    conditions: conditions.filter(({ type }) => counted.has(type)).map(plain),
    // One that was not ready and starts anew is not ready either, but another.
    starts: containerStatuses.map(({ restartCount, state }) => [restartCount, !!state?.running]),
  });
}

const plain = ({ type, status, reason = '' }: Condition): string => `${type}=${status} ${reason}`;

/** Whether an object that nobody was told of yet is as it should be: then nobody needs to be. */
export function isAtRest(object: Watched): boolean {
  if (object.metadata.deletionTimestamp !== undefined) return false;
  const rests = restOf[object.kind] ?? isReady;
  return rests(object);
}

const restOf: Record<string, ((object: Watched) => boolean) | undefined> = {
  FabricNetwork: (network) => isSeen(network) && network.status?.phase === 'Ready',
  StatefulSet: (set) => isSeen(set) && isWhole(set),
  Deployment: (deployment) => isSeen(deployment) && isWhole(deployment),
  Node: (node) => isReady(node) && isOpen(node),
  // It may have come while nobody looked, with other images and settings for what it made before.
  Service: () => false,
};

const isSeen = ({ metadata, status }: Watched): boolean =>
  status?.observedGeneration === metadata.generation;

const isWhole = ({ spec, status }: Watched): boolean =>
  (status?.readyReplicas ?? 0) === (spec?.replicas ?? 1);

const isOpen = ({ spec }: Watched): boolean =>
  spec?.unschedulable !== true && (spec?.taints ?? []).length === 0;

function isReady({ status }: Watched): boolean {
  const { conditions = [] } = status ?? {};
  return conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
}
