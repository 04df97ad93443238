/** Waiting for what was installed, with a word on how far it is and why it is not further. */
import { NotFound } from '../../functions/lib/errors.ts';
import type { Kubernetes, KubernetesObject, Ref } from '../../functions/lib/kubernetes/client.ts';
import { until } from '../../functions/lib/until.ts';
import { readiness, type Workload } from './readiness.ts';
import type { Target } from './target.ts';

export interface WaitOptions {
  namespace: string;
  /** The setup Job, where there is one. */
  job?: string | undefined;
  timeoutMs: number;
  onProgress: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** What is waited for, beside the setup Job: not what belongs to a network or to Knative. */
const kinds = [
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'serving.knative.dev/v1', kind: 'Service' },
  { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker' },
  { apiVersion: 'eventing.knative.dev/v1', kind: 'Trigger' },
  { apiVersion: 'sources.knative.dev/v1', kind: 'PingSource' },
];
const ours =
  'app.kubernetes.io/part-of=selvedge,!selvedge.dev/network,!serving.knative.dev/service';

/**
 * Waits until the setup has run and every object of ours is ready.
 *
 * @throws Error when the time is over or the setup failed
 */
export async function waitForAll(kubernetes: Kubernetes, options: WaitOptions): Promise<void> {
  const { timeoutMs, onProgress, signal } = options;
  const failed = (error: unknown): boolean => error instanceof SetupFailed;
  const what = 'everything to be ready';
  await until({ what, timeoutMs, firstMs: 250, final: failed, signal }, async () => {
    const waiting = await unready(kubernetes, options);
    if (waiting.length === 0) return true;
    onProgress(`waiting for ${waiting.join(', ')}`);
    return false;
  });
}

class SetupFailed extends Error {}

async function unready(
  kubernetes: Kubernetes,
  { namespace, job }: Pick<WaitOptions, 'namespace' | 'job'>,
): Promise<string[]> {
  const ref = { apiVersion: 'batch/v1', kind: 'Job', namespace, name: job ?? '' };
  const [setup, ...lists] = await Promise.all([
    job === undefined ? undefined : kubernetes.get<Workload>(ref),
    ...kinds.map((kind) => listed(kubernetes, { ...kind, namespace })),
  ]);
  const objects = [...(setup ? [setup] : []), ...lists.flat()];
  return objects.flatMap((object) => {
    const { ready, failed, detail } = readiness(object);
    if (ready) return [];
    if (failed) throw new SetupFailed(`the setup of the storage tiers failed: ${detail}`);
    return [`${nameOf(object)} (${detail})`];
  });
}

/** Ours of a kind; a cluster without Knative has none of Knative's. */
async function listed(kubernetes: Kubernetes, of: Omit<Ref, 'name'>): Promise<Workload[]> {
  try {
    return await kubernetes.list<Workload>(of, ours);
  } catch (error) {
    if (error instanceof NotFound) return [];
    throw error;
  }
}

function nameOf({ kind, metadata: { name } }: KubernetesObject): string {
  if (kind === 'Job') return 'the setup';
  return ['StatefulSet', 'Deployment', 'DaemonSet'].includes(kind) ? name : `${kind} ${name}`;
}

interface Pod extends KubernetesObject {
  status?: {
    containerStatuses?: {
      ready: boolean;
      state?: { waiting?: Reason; terminated?: Reason };
      lastState?: { terminated?: Reason };
    }[];
    conditions?: { type: string; status: string; message?: string }[];
  };
}
interface Reason {
  reason?: string;
  message?: string;
}

/** Why pods do not run, and the last lines of the setup: what a person would look at next. */
export async function describeFailures(
  target: Target,
  { namespace, job }: { namespace: string; job?: string },
): Promise<string[]> {
  const of = { apiVersion: 'v1', kind: 'Pod', namespace };
  const pods = await target.kubernetes.list<Pod>(of).catch(() => []);
  const reasons = pods.flatMap((pod) => {
    const why = reasonOf(pod);
    return why === undefined ? [] : [`  pod ${pod.metadata.name}: ${why}`];
  });
  if (job === undefined) return reasons;
  const tail = ['logs', `job/${job}`, '--namespace', namespace, '--tail=10'];
  const logs = await target.kubectl(tail, { timeout: 15_000 }).catch(() => '');
  return [...reasons, ...(logs === '' ? [] : ['  the setup said:', logs.trim()])];
}

/** Why a pod is not running, or undefined when it is or has ended well. Pure. */
export function reasonOf({ status }: Pod): string | undefined {
  const unscheduled = status?.conditions?.find(
    (one) => one.type === 'PodScheduled' && one.status === 'False',
  );
  if (unscheduled) return unscheduled.message ?? 'it has no node';
  const stopped = (status?.containerStatuses ?? [])
    .map(
      ({ ready, state, lastState }) =>
        state?.waiting ?? (ready ? undefined : lastState?.terminated),
    )
    .find((reason) => reason !== undefined);
  return stopped && [stopped.reason, stopped.message].filter(Boolean).join(': ');
}
