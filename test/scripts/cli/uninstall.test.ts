import test from 'ava';
import { removeAll } from '../../../scripts/cli/uninstall.ts';
import { FakeObjects } from '../../fakes/objects.ts';

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

test('where nothing is installed there is nothing to do', async (t) => {
  const cluster = new FakeObjects();
  await removeAll(cluster.edge);
  t.deepEqual(cluster.writes, []);
});
