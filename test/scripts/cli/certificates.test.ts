import { X509Certificate } from 'node:crypto';
import test from 'ava';
import {
  certificates,
  provideCertificates,
  type Secret,
} from '../../../scripts/cli/certificates.ts';
import { memberUser } from '../../../functions/lib/data/etcd-users.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const storage = 'selvedge-storage';
const path = (name: string, namespace = storage): string =>
  `/api/v1/namespaces/${namespace}/secrets/${name}`;
const file = (cluster: FakeObjects, at: string, key: string): string => {
  const { data } = cluster.objects.get(at) as Secret;
  return Buffer.from(data?.[key] ?? '', 'base64').toString();
};

test('every tier and every client gets a certificate of one authority', async (t) => {
  const cluster = new FakeObjects();
  t.deepEqual(await provideCertificates(cluster.edge, 'selvedge'), []);
  const root = file(cluster, path('selvedge-ca-key'), 'tls.crt');
  const authority = new X509Certificate(root);
  for (const { name, namespace } of certificates('selvedge')) {
    const at = path(name, namespace);
    t.true(new X509Certificate(file(cluster, at, 'tls.crt')).verify(authority.publicKey), name);
    t.is(file(cluster, at, 'ca.crt'), root);
  }
});

test('beside the functions lie their own certificates and no key that opens more', (t) => {
  const beside = certificates('selvedge').filter(({ namespace }) => namespace === 'selvedge');
  t.deepEqual(
    beside.map(({ name }) => name),
    ['etcd-client-data-put', 'etcd-client-data-get', 'etcd-client-keys'],
  );
});

test('the members of etcd are named as the user that may replace one of them', (t) => {
  const members = certificates('selvedge').find(({ name }) => name === 'etcd-tls');
  t.is(members?.leaf.name, memberUser);
});

test('what is good stays as it is', async (t) => {
  const cluster = new FakeObjects();
  await provideCertificates(cluster.edge, 'selvedge');
  cluster.writes.length = 0;
  t.deepEqual(await provideCertificates(cluster.edge, 'selvedge'), []);
  t.deepEqual(cluster.writes, ['apply selvedge-ca', 'apply selvedge-ca']);
});

test('a certificate that is spoilt is renewed, and it alone', async (t) => {
  const cluster = new FakeObjects();
  await provideCertificates(cluster.edge, 'selvedge');
  const kept = file(cluster, path('etcd-tls'), 'tls.crt');
  (cluster.objects.get(path('vault-tls')) as Secret).data = { 'tls.crt': 'bm9uc2Vuc2U=' };
  t.deepEqual(await provideCertificates(cluster.edge, 'selvedge'), ['vault-tls']);
  t.is(file(cluster, path('etcd-tls'), 'tls.crt'), kept);
});

test('the members of each tier are named one by one, as etcd looks names up', (t) => {
  const hosts = certificates('selvedge').flatMap(({ leaf }) => leaf.hosts);
  t.true(hosts.includes('etcd-2.etcd.selvedge-storage.svc'));
  t.true(hosts.includes('minio-2.minio-internal.selvedge-storage.svc'));
  t.true(hosts.includes('vault.selvedge-storage.svc'));
  t.false(hosts.some((host) => host.includes('*')));
});
