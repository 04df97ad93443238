import { Forbidden } from '../lib/errors.ts';
import type { Kubernetes, KubernetesObject, PodStatus } from '../lib/kubernetes/client.ts';
import { labels } from '../lib/network.ts';
import { host, memberName, selectorOf, type Tier } from './resources/names.ts';
import { type Group, groups, type Plan } from './resources/plan.ts';

export type Pod = KubernetesObject & { spec?: { nodeName?: string }; status?: PodStatus };

/** One orderer or peer, wanted by the spec; `ip` and `node` once it has a pod that runs. */
export interface Member {
  name: string;
  group: Group;
  host: string;
  ready: boolean;
  ip: string | undefined;
  node: string | undefined;
}

export async function listPods(kubernetes: Kubernetes, plan: Plan, tier?: Tier): Promise<Pod[]> {
  const { namespace } = plan.id;
  const component = tier ? `,${labels.component}=${tier}` : '';
  const of = { apiVersion: 'v1', kind: 'Pod', namespace };
  try {
    return await kubernetes.list<Pod>(of, selectorOf(plan.id) + component);
  } catch (error) {
    // We have rights in a namespace once we have made it: before that, there is nothing.
    if (error instanceof Forbidden) return [];
    throw error;
  }
}

/** The members of a tier, in the order of the spec, with what their pods say. */
export function membersOf(plan: Plan, tier: Tier, pods: readonly Pod[]): Member[] {
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  return groups(plan)
    .filter((group) => group.tier === tier)
    .flatMap((group) =>
      Array.from({ length: group.members }, (_, ordinal): Member => {
        const name = memberName(group.organization, tier, ordinal);
        const pod = byName.get(name);
        return {
          name,
          group,
          host: host(plan.id, group.organization, tier, ordinal),
          ready: pod !== undefined && isReady(pod),
          ip: pod?.status?.podIP,
          node: pod?.spec?.nodeName,
        };
      }),
    );
}

/** Whether every member the spec wants is there and ready. */
export function allReady(plan: Plan, pods: readonly Pod[]): boolean {
  const members = [...membersOf(plan, 'orderer', pods), ...membersOf(plan, 'peer', pods)];
  return members.every(({ ready }) => ready);
}

export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp) return false;
  return (
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  );
}

export type Reachable = Member & { ip: string };

/** Those that can be spoken to now, and the names of the others. */
export function reachable(members: readonly Member[]): { up: Reachable[]; down: string[] } {
  const isUp = (member: Member): member is Reachable => member.ready && member.ip !== undefined;
  return {
    up: members.filter(isUp),
    down: members.filter((member) => !isUp(member)).map(({ name }) => name),
  };
}
