/** The taint by which Kubernetes knows that nothing of a node's pods runs any more. */
import { Conflict } from '../../lib/errors.ts';
import type { Kubernetes, KubernetesObject } from '../../lib/kubernetes/client.ts';
import { until } from '../../lib/until.ts';

export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

export interface KubernetesNode extends KubernetesObject {
  spec?: { taints?: Taint[] };
  status?: {
    addresses?: { type: string; address: string }[];
    conditions?: { type: string; status: string }[];
  };
}

/** Its value tells ours from a person's, who takes theirs away again themselves. */
export const outOfService: Taint = {
  key: 'node.kubernetes.io/out-of-service',
  value: 'selvedge',
  effect: 'NoExecute',
};

/** Who took the node out of service, if anybody did. */
export function outBy({ spec }: KubernetesNode): 'failover' | 'others' | undefined {
  const found = spec?.taints?.find(isSame);
  return found && (found.value === outOfService.value ? 'failover' : 'others');
}

/**
 * Takes a node out of service, or takes it back where it was this function that took it out.
 *
 * @returns whether that changed anything
 */
export async function setOut(kubernetes: Kubernetes, name: string, out: boolean): Promise<boolean> {
  const ref = { apiVersion: 'v1', kind: 'Node', name };
  const writing = {
    what: `${name} to be tainted`,
    timeoutMs: 5_000,
    // Its kubelet, or who watches over it, wrote in between.
    final: (error: unknown) => !(error instanceof Conflict),
  };
  return until(writing, async () => {
    const node = await kubernetes.get<KubernetesNode>(ref);
    const by = node && outBy(node);
    if (!node || (out ? by !== undefined : by !== 'failover')) return { changed: false };
    const { resourceVersion } = node.metadata;
    const others = node.spec?.taints?.filter((taint) => !isSame(taint)) ?? [];
    const taints = out ? [...others, outOfService] : others;
    await kubernetes.merge(ref, { metadata: { resourceVersion }, spec: { taints } });
    return { changed: true };
  }).then(({ changed }) => changed);
}

/** Kubernetes allows one taint of a key and an effect. */
function isSame({ key, effect }: Taint): boolean {
  return key === outOfService.key && effect === outOfService.effect;
}
