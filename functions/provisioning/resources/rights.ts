/** The accounts in a network's namespace, and who may do what there. */
import type { KubernetesObject, Metadata, PolicyRule } from '../../lib/kubernetes/client.ts';
import { chaincodeAccountName, launcher } from './names.ts';
import { type Group, metadata, type Plan } from './plan.ts';

const rbac = 'rbac.authorization.k8s.io';

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
  const { name } = described;
  const role = {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: described,
    rules: launcherRules,
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: described },
    role,
    roleBinding(described, { kind: 'Role', name }, { name, namespace: plan.id.namespace }),
  ];
}

/** What functions may do in a network's namespace, they may do there only (their rbac.yaml). */
export function functionRights(plan: Plan): KubernetesObject[] {
  const roles = { provisioning: 'selvedge-network', failover: 'selvedge-network-failover' };
  return Object.entries(roles).map(([account, name]) => {
    const described = metadata(plan, `selvedge-${account}`);
    const role = { kind: 'ClusterRole', name } as const;
    return roleBinding(described, role, { name: account, namespace: plan.id.home });
  });
}

/** What chaincode pods run as. It may do nothing, and no pod mounts a token of it. */
export function chaincodeAccount(
  plan: Plan,
): KubernetesObject & { automountServiceAccountToken: boolean } {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(plan, chaincodeAccountName),
    automountServiceAccountToken: false,
  };
}

interface RoleBinding extends KubernetesObject {
  roleRef: Record<'apiGroup' | 'kind' | 'name', string>;
  subjects: Record<'kind' | 'name' | 'namespace', string>[];
}

/** Gives a role, in the namespace of the binding, to one service account. */
function roleBinding(
  described: Metadata,
  role: { kind: 'Role' | 'ClusterRole'; name: string },
  account: { name: string; namespace: string },
): RoleBinding {
  return {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: described,
    roleRef: { apiGroup: rbac, ...role },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  };
}
