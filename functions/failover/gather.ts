import type { Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';
import type { VaultMember } from '../lib/vault/members.ts';
import type { Member, Seal, State } from './checks/check.ts';

/** The label of every pod of the storage tiers; its value is the tier. */
export const tierLabel = 'selvedge.dev/tier';

export interface Sources {
  kubernetes: Kubernetes;
  namespace: string;
  /** The Vault member that runs in a pod. */
  vaultMember: (pod: string) => VaultMember;
}

/** What of a pod matters here. */
export interface Pod extends KubernetesObject {
  status?: {
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number; state?: { running?: object } }[];
  };
}

/** One look at all pods of the tiers, and at the seal of every Vault member that runs. */
export async function gather(sources: Sources): Promise<State> {
  const { kubernetes, namespace } = sources;
  const pods = await kubernetes.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace }, tierLabel);
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const members = await Promise.all(living.map((pod) => look(pod, sources)));
  return { members };
}

async function look(pod: Pod, { namespace, vaultMember }: Sources): Promise<Member> {
  const { name, uid = '', labels } = pod.metadata;
  const { conditions = [], containerStatuses = [] } = pod.status ?? {};
  const tier = labels?.[tierLabel] ?? '';
  const running =
    containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.running);
  return {
    kind: 'member',
    ...{ tier, namespace, pod: name, uid },
    running,
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    restarts: containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    ...(tier === 'vault' && running && { seal: await sealOf(vaultMember(name)) }),
  };
}

async function sealOf(member: VaultMember): Promise<Seal> {
  try {
    const { initialized, sealed } = await member.status();
    if (!initialized) return 'uninitialized';
    return sealed ? 'sealed' : 'unsealed';
  } catch {
    // Whatever the reason, to this function it is one thing: no answer.
    return 'silent';
  }
}
