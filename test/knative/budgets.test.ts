/** What stays while a node is drained: of all that a request passes, all but one. */
import test from 'ava';
import { ofKind, type Manifest } from './manifests.ts';

interface Budget extends Manifest {
  spec: { maxUnavailable?: number; selector: { matchLabels: Record<string, string> } };
}
interface Workload extends Manifest {
  spec: { template: { metadata: { labels: Record<string, string> } } };
}

const budgets = ofKind<Budget>('PodDisruptionBudget');

/** The labels of the pods that answer a request, by the name of what makes them. */
const pods = new Map<string, Record<string, string>>([
  ...ofKind<Workload>('StatefulSet', 'Deployment').map(
    ({ metadata, spec }) => [metadata.name, spec.template.metadata.labels] as const,
  ),
  // Knative gives them this one.
  ...['data-put', 'data-get', 'keys'].map(
    (name) => [name, { 'serving.knative.dev/service': name }] as const,
  ),
]);

test('there are workloads to look at', (t) => {
  t.true(pods.size >= 6, [...pods.keys()].join(', '));
});

for (const [name, labels] of pods) {
  test(`of ${name} one pod at a time is taken from a node`, (t) => {
    const own = budgets.filter(({ spec }) =>
      Object.entries(spec.selector.matchLabels).every(([key, value]) => labels[key] === value),
    );
    t.deepEqual(
      own.map(({ spec }) => spec.maxUnavailable),
      [1],
    );
  });
}
