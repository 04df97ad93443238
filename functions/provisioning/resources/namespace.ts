import type { KubernetesObject } from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import { metadata, type Plan } from './plan.ts';

/** The namespace of a network: whose it is, by labels that nobody may change (admission.yaml). */
export function namespaceOf({ id }: Plan): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: id.namespace,
      labels: {
        'app.kubernetes.io/managed-by': 'selvedge',
        'app.kubernetes.io/part-of': 'selvedge',
        [labels.network]: id.network,
        [labels.home]: id.home,
        [labels.uid]: id.uid,
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    },
  };
}

/** What provisioning may do in a network's namespace, it may do there only (rbac.yaml). */
export function ownRights(plan: Plan): KubernetesObject {
  const rbac = 'rbac.authorization.k8s.io';
  const binding = {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: metadata(plan, 'selvedge-provisioning'),
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'selvedge-network' },
    subjects: [{ kind: 'ServiceAccount', name: 'provisioning', namespace: plan.id.home }],
  };
  return binding;
}
