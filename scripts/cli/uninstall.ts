import { NotFound } from '../../functions/lib/errors.ts';
import { until } from '../../functions/lib/until.ts';
import type {
  Collection,
  Kubernetes,
  KubernetesObject,
  Ref,
} from '../../functions/lib/kubernetes/client.ts';
import { storageNamespace } from '../../functions/lib/tiers.ts';
import { connectTarget, type TargetOptions } from './target.ts';
import { usersNamespace } from './token.ts';

const networks = { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork' };

/** What the Broker is made of, and what it has made in RabbitMQ: each of these goes once it is gone there. */
const broker = {
  asked: ['Trigger', 'Broker'].map((kind) => ({ apiVersion: 'eventing.knative.dev/v1', kind })),
  made: ['Binding', 'Policy', 'Queue', 'Exchange'].map((kind) => ({
    apiVersion: 'rabbitmq.com/v1beta1',
    kind,
  })),
};

const rbac = 'rbac.authorization.k8s.io/v1';

const admission = 'admissionregistration.k8s.io/v1';
const policy = 'ValidatingAdmissionPolicy';

/** What lies outside the namespaces of our own, in the order of removal. */
export const clusterScoped: readonly Ref[] = [
  { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'selvedge-access-review' },
  { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'selvedge-provisioning' },
  { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'selvedge-source' },
  { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'selvedge-failover' },
  ...['kube-node-lease', 'default'].flatMap((namespace) =>
    ['RoleBinding', 'Role'].map((kind) => {
      return { apiVersion: rbac, kind, namespace, name: 'selvedge-failover' };
    }),
  ),
  { apiVersion: rbac, kind: 'ClusterRole', name: 'selvedge-failover' },
  { apiVersion: rbac, kind: 'ClusterRole', name: 'selvedge-network-failover' },
  { apiVersion: rbac, kind: 'ClusterRole', name: 'selvedge-provisioning' },
  { apiVersion: rbac, kind: 'ClusterRole', name: 'selvedge-source' },
  { apiVersion: rbac, kind: 'ClusterRole', name: 'selvedge-network' },
  { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'selvedge-issuer-discovery' },
  { apiVersion: rbac, kind: 'ClusterRole', name: 'selvedge-access-review' },
  // What fences rights goes after the rights.
  { apiVersion: admission, kind: `${policy}Binding`, name: 'selvedge-peers' },
  { apiVersion: admission, kind: policy, name: 'selvedge-peers' },
  { apiVersion: admission, kind: `${policy}Binding`, name: 'selvedge-failover' },
  { apiVersion: admission, kind: policy, name: 'selvedge-failover' },
  { apiVersion: admission, kind: `${policy}Binding`, name: 'selvedge-provisioning' },
  { apiVersion: admission, kind: policy, name: 'selvedge-provisioning' },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    name: 'fabricnetworks.selvedge.dev',
  },
];

/** Removes the installation with all networks and all data; what is gone already is fine. */
export async function uninstall(
  options: TargetOptions & { onProgress?: (line: string) => void },
): Promise<void> {
  const { onProgress } = options;
  await removeAll(connectTarget(options).kubernetes, onProgress);
}

/** Networks go first, while there is someone to take them down; then the Broker, for the same reason. */
export async function removeAll(
  kubernetes: Kubernetes,
  onProgress: (line: string) => void = () => undefined,
): Promise<void> {
  for (const { metadata } of await listed(kubernetes, networks)) {
    onProgress(`removing the network ${metadata.name}`);
    const { name, namespace } = metadata;
    await kubernetes.remove({ ...networks, name, namespace });
  }
  await gone(kubernetes, 'the networks to be taken down', [networks]);
  await removeBroker(kubernetes, onProgress);
  for (const ref of clusterScoped) await kubernetes.remove(ref);
  for (const name of ['selvedge', storageNamespace, usersNamespace]) {
    onProgress(`removing the namespace ${name}`);
    const ref = { apiVersion: 'v1', kind: 'Namespace', name };
    await kubernetes.remove(ref);
    await until({ what: `the namespace ${name} to go`, timeoutMs: 300_000 }, async () => {
      return (await kubernetes.get(ref)) === undefined;
    });
  }
}

/** A namespace never goes while something in it waits for RabbitMQ. */
async function removeBroker(
  kubernetes: Kubernetes,
  onProgress: (line: string) => void,
): Promise<void> {
  const here = (of: Collection): Collection => ({ ...of, namespace: 'selvedge' });
  const asked = broker.asked.map(here);
  for (const of of asked)
    for (const { metadata } of await listed(kubernetes, of)) {
      onProgress(`removing the ${of.kind} ${metadata.name}`);
      await kubernetes.remove({ ...of, name: metadata.name });
    }
  await gone(kubernetes, 'RabbitMQ to forget the Broker', broker.made.map(here));
}

async function gone(
  kubernetes: Kubernetes,
  what: string,
  collections: readonly Collection[],
): Promise<void> {
  await until({ what, timeoutMs: 300_000 }, async () => {
    const left = await Promise.all(collections.map((of) => listed(kubernetes, of)));
    return left.every(({ length }) => length === 0);
  });
}

/** A cluster that does not know a kind has none of it. */
async function listed(kubernetes: Kubernetes, of: Collection): Promise<KubernetesObject[]> {
  return kubernetes.list(of).catch((error: unknown) => {
    if (error instanceof NotFound) return [];
    throw error;
  });
}
