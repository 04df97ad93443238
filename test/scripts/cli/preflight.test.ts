import test from 'ava';
import { NotFound, Unavailable } from '../../../functions/lib/errors.ts';
import type { Collection, Kubernetes } from '../../../functions/lib/kubernetes/client.ts';
import { preflight } from '../../../scripts/cli/preflight.ts';

/** A cluster that knows the given kinds and has the given objects. */
const cluster = (kinds: string[], objects: string[]): Kubernetes =>
  ({
    list: ({ apiVersion }: Collection) =>
      kinds.includes(apiVersion) ? Promise.resolve([]) : Promise.reject(new NotFound('no')),
    get: ({ name }: { name: string }) =>
      Promise.resolve(objects.includes(name) ? { metadata: { name } } : undefined),
  }) as unknown as Kubernetes;

const knative = [
  'serving.knative.dev/v1',
  'eventing.knative.dev/v1',
  'eventing.knative.dev/v1alpha1',
];

test('a cluster that has all is taken', async (t) => {
  await t.notThrowsAsync(preflight(cluster(knative, ['selvedge-local', 'selvedge-replicated'])));
});

test('everything that is missing is named at once', async (t) => {
  const error = await t.throwsAsync(preflight(cluster([], [])));
  t.is(error.message.split('\n').length, 5);
  t.regex(
    error.message,
    /Knative Serving.*\n.*Knative Eventing.*\n.*Broker on RabbitMQ.*\n.*StorageClass selvedge-local.*\n.*selvedge-replicated/,
  );
});

test('a cluster that does not answer is not one that lacks something', async (t) => {
  const silent = { ...cluster(knative, []), list: () => Promise.reject(new Unavailable('gone')) };
  await t.throwsAsync(preflight(silent), { instanceOf: Unavailable });
});
