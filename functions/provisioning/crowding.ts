/** Members that share a node although another has become free. Pure. */
import type { KubernetesObject } from '../lib/kubernetes/client.ts';
import { labels } from '../lib/network.ts';
import { isReady, type Pod } from './members.ts';
import { volumeName } from './resources/names.ts';

export type Node = KubernetesObject & {
  spec?: { unschedulable?: boolean; taints?: { effect: string }[] };
  status?: { conditions?: { type: string; status: string; lastTransitionTime?: string }[] };
};

export type Volume = KubernetesObject & {
  spec?: { claimRef?: { namespace?: string; name?: string }; nodeAffinity?: object };
};

/**
 * The members that would stand better elsewhere: on a node with two more of their kind than another
 * that takes pods. Only who was placed before that other node was there (as after a node was lost
 * and is back), so that nobody is moved twice for the same node.
 */
export function crowded(pods: readonly Pod[], nodes: readonly Node[]): Pod[] {
  const free = nodes.filter(takesPods);
  return pods.filter(isStaying).filter((pod) => {
    const like = pods.filter((other) => tierOf(other) === tierOf(pod)).map(nodeOf);
    const on = (node: string | undefined): number => like.filter((one) => one === node).length;
    return free.some(
      (node) => on(node.metadata.name) + 2 <= on(nodeOf(pod)) && readySince(node) > placedAt(pod),
    );
  });
}

/**
 * Those whose ledgers can follow them to another node.
 *
 * @param volumes those of the cluster, or of the network
 */
export function movable(pods: readonly Pod[], volumes: readonly Volume[]): Pod[] {
  const claims = new Set(volumes.filter(isAnywhere).map(({ spec }) => claimOf(spec?.claimRef)));
  return pods.filter((pod) => claims.has(claimOf(ownClaim(pod))));
}

const tierOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[labels.component];
const nodeOf = ({ spec }: Pod): string | undefined => spec?.nodeName;
const placedAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '');

const isStaying = ({ metadata }: Pod): boolean => metadata.deletionTimestamp === undefined;

function takesPods(node: Node): boolean {
  const { unschedulable = false, taints = [] } = node.spec ?? {};
  return isReady(node as Pod) && !unschedulable && taints.every(({ effect }) => effect === softest);
}

/** The effect of a taint that keeps no pod away. */
const softest = 'PreferNoSchedule';

function readySince({ status }: Node): number {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return Date.parse(ready?.lastTransitionTime ?? '');
}

/** A volume that says nothing of nodes can be used on each. */
const isAnywhere = ({ spec }: Volume): boolean => spec?.nodeAffinity === undefined;

const claimOf = (claim: { namespace?: string; name?: string } = {}): string =>
  `${claim.namespace ?? ''}/${claim.name ?? ''}`;

/** As StatefulSets name claims. */
const ownClaim = ({ metadata: { namespace = '', name } }: Pod) => ({
  namespace,
  name: `${volumeName}-${name}`,
});
