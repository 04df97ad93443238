/** Whether what was applied is there, read off the objects. Pure. */
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';

/** Of the kinds looked at, what says how far they are. */
export interface Workload extends KubernetesObject {
  spec?: { replicas?: number };
  status?: {
    observedGeneration?: number;
    /** All there are, also of an earlier version. */
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    /** Of a DaemonSet. */
    desiredNumberScheduled?: number;
    numberReady?: number;
    updatedNumberScheduled?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

export interface Readiness {
  ready: boolean;
  /** In a few words: «2 of 3», or why not. */
  detail: string;
  /** It will not become ready by itself. */
  failed?: boolean;
}

/** StatefulSets and Deployments count replicas, DaemonSets nodes; Jobs complete; Knative's kinds have `Ready`. */
export function readiness(object: Workload): Readiness {
  const { kind, metadata, status } = object;
  if (kind === 'Job') return jobReadiness(object);
  const seen = status?.observedGeneration ?? 0;
  if (seen < (metadata.generation ?? 0)) return { ready: false, detail: 'not seen yet' };
  if (kind === 'DaemonSet') return onNodes(object);
  return kind === 'StatefulSet' || kind === 'Deployment' ? replicas(object) : condition(object);
}

/** As many as there are nodes; of an earlier version none. */
function onNodes({ status }: Workload): Readiness {
  const {
    desiredNumberScheduled: wanted = 0,
    numberReady = 0,
    updatedNumberScheduled = 0,
  } = status ?? {};
  const there = Math.min(numberReady, updatedNumberScheduled);
  return { ready: wanted > 0 && there >= wanted, detail: `${there} of ${wanted}` };
}

function replicas({ spec, status }: Workload): Readiness {
  const wanted = spec?.replicas ?? 1;
  const {
    replicas: all = 0,
    readyReplicas: ready = 0,
    updatedReplicas: updated = 0,
  } = status ?? {};
  // Those of an earlier version count as ready, and not for us.
  const there = Math.max(0, Math.min(updated, ready - (all - updated)));
  return { ready: there >= wanted && all <= updated, detail: `${there} of ${wanted}` };
}

function condition({ status }: Workload): Readiness {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return { ready: true, detail: 'ready' };
  return { ready: false, detail: ready?.reason ?? 'starting' };
}

function jobReadiness({ status }: Workload): Readiness {
  const is = (type: string) =>
    status?.conditions?.find((one) => one.type === type && one.status === 'True');
  if (is('Complete')) return { ready: true, detail: 'done' };
  const failed = is('Failed');
  if (failed) return { ready: false, failed: true, detail: failed.message ?? 'failed' };
  return { ready: false, detail: 'running' };
}
