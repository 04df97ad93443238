import { readFile, readdir } from 'node:fs/promises';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { refOf } from '../../../functions/lib/kubernetes/client.ts';
import { until } from '../../../functions/lib/until.ts';
import { clusterScoped, removeAll } from '../../../scripts/cli/uninstall.ts';
import { FakeObjects } from '../../fakes/objects.ts';

interface Made {
  kind: string;
  metadata?: { name: string; namespace?: string };
}

const object = (apiVersion: string, kind: string, name: string, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
});

test('networks go first, then what is of the cluster, then the namespaces', async (t) => {
  const cluster = new FakeObjects(
    object('v1', 'Namespace', 'selvedge'),
    object('v1', 'Namespace', 'selvedge-users'),
    object('v1', 'Namespace', 'other'),
    object('selvedge.dev/v1alpha1', 'FabricNetwork', 'supply', 'selvedge'),
    object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'selvedge-access-review'),
    object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'admin'),
  );
  await removeAll(cluster.edge);
  t.deepEqual(cluster.writes, [
    'remove supply',
    'remove selvedge-access-review',
    'remove selvedge',
    'remove selvedge-users',
  ]);
  t.deepEqual(
    [...cluster.objects.values()].map(({ metadata }) => metadata.name),
    ['other', 'admin'],
  );
});

test('the Broker goes while there is someone to take its queues out of RabbitMQ', async (t) => {
  const queue = object('rabbitmq.com/v1beta1', 'Queue', 'of-provisioning', 'selvedge');
  const cluster = new FakeObjects(
    object('v1', 'Namespace', 'selvedge'),
    object('eventing.knative.dev/v1', 'Broker', 'default', 'selvedge'),
    object('eventing.knative.dev/v1', 'Trigger', 'provisioning', 'selvedge'),
    object('eventing.knative.dev/v1', 'Broker', 'default', 'other'),
    queue,
  );
  const removing = removeAll(cluster.edge);
  await until({ what: 'the Broker to go', timeoutMs: 10_000 }, () =>
    Promise.resolve(cluster.writes.length > 1),
  );
  t.deepEqual(cluster.writes, ['remove provisioning', 'remove default']);
  await cluster.edge.remove(refOf(queue));
  await removing;
  t.deepEqual(cluster.writes.slice(2), ['remove of-provisioning', 'remove selvedge']);
});

test('where nothing is installed there is nothing to do', async (t) => {
  const cluster = new FakeObjects();
  await removeAll(cluster.edge);
  t.deepEqual(cluster.writes, []);
});

test('all that the manifests put outside our own namespaces is removed', async (t) => {
  const base = new URL('../../../knative/base/', import.meta.url);
  const files = (await readdir(base, { recursive: true })).filter((name) => name.endsWith('.yaml'));
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, base), 'utf8')));
  const made = texts
    .flatMap((text) => parseAllDocuments(text).map((one) => one.toJSON() as Made))
    .filter(({ kind, metadata }) => metadata && !isOurs(metadata) && kind !== 'Namespace')
    .map(({ kind, metadata }) => `${kind} ${metadata?.name}`);
  t.deepEqual(made.sort(), clusterScoped.map(({ kind, name }) => `${kind} ${name}`).sort());
});

function isOurs({ namespace = '' }: { namespace?: string }): boolean {
  return namespace.startsWith('selvedge');
}
