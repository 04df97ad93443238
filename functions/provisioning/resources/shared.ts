import type {
  KubernetesObject,
  Metadata,
  PodDisruptionBudgetSpec,
} from '../../lib/kubernetes/client.ts';
import { group } from '../../lib/network.ts';
import { genesisConfigMap, identitySecret, ordererBudgetName, workload } from './names.ts';
import { type Group, type Made, metadata, type Plan } from './plan.ts';

/** Of the orderers as many must stay as agree on blocks: Raft needs a majority, BFT two thirds. */
export function ordererQuorum({ spec: { consensus } }: Plan): number {
  const { type, orderers } = consensus;
  const faults = type === 'bft' ? Math.floor((orderers - 1) / 3) : Math.floor((orderers - 1) / 2);
  return orderers - faults;
}

/** Over all orderers of the network together, whoever runs them. */
export function ordererBudget(plan: Plan): Made<PodDisruptionBudgetSpec> {
  const described = metadata(plan, ordererBudgetName, { tier: 'orderer' });
  return budget(described, { minAvailable: ordererQuorum(plan) });
}

/** One peer of an organization at a time. */
export function peerBudget(plan: Plan, group: Group): Made<PodDisruptionBudgetSpec> {
  const described = metadata(plan, workload(group.organization, group.tier), group);
  return budget(described, { maxUnavailable: 1 });
}

/** The budget covers the pods that have the same Selvedge labels as itself. */
function budget(described: Metadata, spec: PodDisruptionBudgetSpec): Made<PodDisruptionBudgetSpec> {
  const ours = Object.entries(described.labels ?? {}).filter(([key]) => key.startsWith(group));
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: described,
    spec: { ...spec, selector: { matchLabels: Object.fromEntries(ours) } },
  };
}

/** The Secret with the identities of a group's pods; values are text. */
export function identitySecretOf(
  plan: Plan,
  group: Group,
  data: Record<string, string>,
): KubernetesObject & { data: Record<string, string> } {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(plan, identitySecret(group.organization, group.tier), group),
    data: Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  };
}

/** The ConfigMap that keeps a channel's first block: made once, never changed. */
export function genesisOf(
  plan: Plan,
  channel: string,
  block: Buffer,
): KubernetesObject & { immutable: boolean; binaryData: Record<string, string> } {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(plan, genesisConfigMap(channel)),
    immutable: true,
    binaryData: { block: block.toString('base64') },
  };
}
