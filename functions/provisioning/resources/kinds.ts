/** The kinds of objects a network is made of. */
interface Kind {
  apiVersion: string;
  kind: string;
}

/**
 * Made by provisioning itself: what is not wanted any more is removed. Not Secrets, which it may not
 * list: they are of organizations, and those never leave a network.
 */
export const prunable: readonly Kind[] = [
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
];
