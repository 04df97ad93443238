import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { leaves, provideCertificates, type Secret } from '../../../scripts/cli/certificates.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const file = (cluster: FakeObjects, name: string, key: string): string => {
  const path = `/api/v1/namespaces/selvedge/secrets/${name}`;
  const { data } = cluster.objects.get(path) as Secret;
  return Buffer.from(data?.[key] ?? '', 'base64').toString();
};

test('every tier and every client gets a certificate of one authority', async (t) => {
  const cluster = new FakeObjects();
  t.deepEqual(await provideCertificates(cluster.edge, 'selvedge'), []);
  const authority = new X509Certificate(file(cluster, 'selvedge-ca-key', 'tls.crt'));
  for (const name of Object.keys(leaves('selvedge'))) {
    t.true(new X509Certificate(file(cluster, name, 'tls.crt')).verify(authority.publicKey), name);
    t.is(file(cluster, name, 'ca.crt'), file(cluster, 'selvedge-ca-key', 'tls.crt'));
  }
});

test('what is good stays as it is', async (t) => {
  const cluster = new FakeObjects();
  await provideCertificates(cluster.edge, 'selvedge');
  cluster.writes.length = 0;
  t.deepEqual(await provideCertificates(cluster.edge, 'selvedge'), []);
  t.deepEqual(cluster.writes, ['apply selvedge-ca']);
});

test('a certificate that is spoilt is renewed, and it alone', async (t) => {
  const cluster = new FakeObjects();
  await provideCertificates(cluster.edge, 'selvedge');
  const kept = file(cluster, 'etcd-tls', 'tls.crt');
  const path = '/api/v1/namespaces/selvedge/secrets/vault-tls';
  (cluster.objects.get(path) as Secret).data = { 'tls.crt': 'bm9uc2Vuc2U=' };
  t.deepEqual(await provideCertificates(cluster.edge, 'selvedge'), ['vault-tls']);
  t.is(file(cluster, 'etcd-tls', 'tls.crt'), kept);
});

test('the members of each tier are named one by one, as etcd looks names up', (t) => {
  const hosts = Object.values(leaves('selvedge')).flatMap((leaf) => leaf.hosts);
  t.true(hosts.includes('etcd-2.etcd.selvedge.svc'));
  t.true(hosts.includes('minio-3.minio-internal.selvedge.svc'));
  t.true(hosts.includes('vault.selvedge.svc'));
  t.false(hosts.some((host) => host.includes('*')));
});
