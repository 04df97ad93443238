/** The kinds of objects a network is made of. */
interface Kind {
  apiVersion: string;
  kind: string;
}

/** Made by provisioning itself: what is not wanted any more is removed. */
export const prunable: readonly Kind[] = [
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
];

/**
 * All that goes with a network, what makes other objects first: a pod removed before its
 * StatefulSet would come back, a claim removed before its pod would wait for it.
 */
export const removable: readonly (readonly Kind[])[] = [
  [
    { apiVersion: 'apps/v1', kind: 'StatefulSet' },
    { apiVersion: 'apps/v1', kind: 'Deployment' },
  ],
  [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    { apiVersion: 'v1', kind: 'Pod' },
  ],
  [
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    ...prunable.filter(({ kind }) => kind !== 'StatefulSet'),
  ],
];
