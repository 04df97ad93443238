import type {
  KubernetesObject,
  Metadata,
  PodDisruptionBudgetSpec,
  PolicyRule,
} from '../../lib/kubernetes/client.ts';
import { group } from '../../lib/network.ts';
import {
  CHAINCODE_ACCOUNT,
  genesisConfigMap,
  identitySecret,
  launcher,
  ORDERER_BUDGET,
  workload,
} from './names.ts';
import { type Group, type Made, metadata, type Plan } from './plan.ts';

/**
 * What the launcher in a peer may do, and nothing more (fabric-peer-fork). RBAC cannot tell one
 * Deployment from another: an admission policy holds each peer to its own chaincode.
 */
const launcherRules: PolicyRule[] = [
  {
    apiGroups: ['apps'],
    resources: ['deployments'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'delete'] },
  { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] },
];

/** The ServiceAccount of an organization's peers with its Role. */
export function launcherResources(plan: Plan, { organization }: Group): KubernetesObject[] {
  const described = metadata(plan, launcher(plan.id, organization), { organization, tier: 'peer' });
  const { name, namespace } = described;
  const rbac = 'rbac.authorization.k8s.io';
  const role = {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: described,
    rules: launcherRules,
  };
  const binding = {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: described,
    roleRef: { apiGroup: rbac, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  return [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: described }, role, binding];
}

/** What chaincode pods run as. It may do nothing, and no pod mounts a token of it. */
export function chaincodeAccount(
  plan: Plan,
): KubernetesObject & { automountServiceAccountToken: boolean } {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(plan, CHAINCODE_ACCOUNT),
    automountServiceAccountToken: false,
  };
}

/** Of the orderers as many must stay as agree on blocks: Raft needs a majority, BFT two thirds. */
export function ordererQuorum({ spec: { consensus } }: Plan): number {
  const { type, orderers } = consensus;
  const faults = type === 'bft' ? Math.floor((orderers - 1) / 3) : Math.floor((orderers - 1) / 2);
  return orderers - faults;
}

/** Over all orderers of the network together, whoever runs them. */
export function ordererBudget(plan: Plan): Made<PodDisruptionBudgetSpec> {
  const described = metadata(plan, ORDERER_BUDGET, { tier: 'orderer' });
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
