import { NotFound } from '../../functions/lib/errors.ts';
import type { Collection, Kubernetes } from '../../functions/lib/kubernetes/client.ts';

/** What a cluster must bring, by the sentence that says it is not there. */
const needs: Record<string, (kubernetes: Kubernetes) => Promise<boolean>> = {
  'Knative Serving is not installed in this cluster': knows('serving.knative.dev/v1', 'Service'),
  'Knative Eventing is not installed in this cluster': knows('eventing.knative.dev/v1', 'Broker'),
  'Knative’s Broker on RabbitMQ is not installed in this cluster': knows(
    'eventing.knative.dev/v1alpha1',
    'RabbitmqBrokerConfig',
  ),
  'there is no StorageClass selvedge-local for the storage tiers': hasClass('selvedge-local'),
  'there is no StorageClass selvedge-replicated for ledgers': hasClass('selvedge-replicated'),
};

/**
 * Looks whether a cluster can take Selvedge, before anything is changed.
 *
 * @throws Error with a sentence for each thing that is missing
 * @throws Unavailable when the cluster cannot be reached
 */
export async function preflight(kubernetes: Kubernetes): Promise<void> {
  const found = await Promise.all(
    Object.entries(needs).map(async ([lack, has]) => ((await has(kubernetes)) ? [] : [lack])),
  );
  const lacks = found.flat();
  if (lacks.length > 0) throw new Error(lacks.join('\n'));
}

function hasClass(name: string): (kubernetes: Kubernetes) => Promise<boolean> {
  const ref = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name };
  return async (kubernetes) => (await kubernetes.get(ref)) !== undefined;
}

function knows(apiVersion: string, kind: string): (kubernetes: Kubernetes) => Promise<boolean> {
  const of: Collection = { apiVersion, kind, namespace: 'selvedge' };
  return async (kubernetes) => {
    try {
      await kubernetes.list(of);
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  };
}
