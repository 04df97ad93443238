import type { KubernetesObject } from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import type { Plan } from './plan.ts';

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
