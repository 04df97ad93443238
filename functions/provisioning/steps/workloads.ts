import type { KubernetesObject, StatefulSetSpec } from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import type { Pass } from '../pass.ts';
import { selectorOf, type Tier, workload } from '../resources/names.ts';
import { groups } from '../resources/plan.ts';
import { watchUntil } from '../watch.ts';
import { unless, type Outcome } from './step.ts';

export type StatefulSet = KubernetesObject & {
  spec: StatefulSetSpec;
  status?: {
    observedGeneration?: number;
    readyReplicas?: number;
  };
};

/**
 * What a volume is made of is fixed with its StatefulSet: one that is there keeps the class and the
 * size it has, whatever the settings say by now.
 */
export function keepVolumes(wanted: KubernetesObject, known: KubernetesObject): KubernetesObject {
  if (wanted.kind !== 'StatefulSet') return wanted;
  const { spec } = wanted as StatefulSet;
  const before = (known as StatefulSet).spec.volumeClaimTemplates ?? [];
  const volumeClaimTemplates = (spec.volumeClaimTemplates ?? []).map((claim) => {
    const had = before.find(({ metadata }) => metadata?.name === claim.metadata?.name)?.spec;
    if (!claim.spec || !had) return claim;
    const { storageClassName, resources } = had;
    return {
      ...claim,
      spec: {
        ...claim.spec,
        ...(storageClassName !== undefined && { storageClassName }),
        ...(resources && { resources }),
      },
    };
  });
  return { ...wanted, spec: { ...spec, volumeClaimTemplates } } as StatefulSet;
}

/** Waits until every StatefulSet of a tier has all its pods ready, of whatever template. */
export async function settle(pass: Pass, tier: Tier): Promise<Outcome> {
  const names = groups(pass.plan)
    .filter((group) => group.tier === tier)
    .map(({ organization }) => workload(organization, tier));
  let open = names;
  await watchSets(pass, tier, (sets) => {
    open = names.filter((name) => !isSettled(sets.get(name)));
    return open.length === 0;
  });
  return unless(open);
}

/** Whether all pods of a StatefulSet are ready; `rollout` brings them to its newest template. */
export function isSettled(set: StatefulSet | undefined): boolean {
  if (!set?.status) return false;
  const { metadata, spec, status } = set;
  const replicas = spec.replicas ?? 1;
  return (
    status.observedGeneration === metadata.generation && (status.readyReplicas ?? 0) >= replicas
  );
}

async function watchSets(
  pass: Pass,
  tier: Tier,
  wanted: (sets: ReadonlyMap<string, StatefulSet>) => boolean,
): Promise<void> {
  const { namespace } = pass.plan.id;
  await watchUntil<StatefulSet>(
    pass.clients.kubernetes,
    {
      of: { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace },
      labelSelector: `${selectorOf(pass.plan.id)},${labels.component}=${tier}`,
      signal: pass.patience,
    },
    wanted,
  );
}
