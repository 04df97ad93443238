import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { issue, makeAuthority, staleness, type Leaf } from '../../../scripts/lib/x509.ts';

const day = 24 * 3600_000;
const now = new Date('2026-06-01T00:00:00Z');
const leaf: Leaf = { name: 'etcd', hosts: ['etcd-0.etcd.selvedge.svc', 'localhost'] };

test('a certificate is of its authority, for its names, for servers and clients', async (t) => {
  const authority = await makeAuthority('test');
  const { certificate, key } = await issue(authority, leaf);
  const parsed = new X509Certificate(certificate);
  const issuer = new X509Certificate(authority.certificate);
  t.true(issuer.ca);
  t.false(parsed.ca);
  t.true(parsed.verify(issuer.publicKey));
  t.true(parsed.checkIssued(issuer));
  t.is(parsed.checkHost('etcd-0.etcd.selvedge.svc'), 'etcd-0.etcd.selvedge.svc');
  t.deepEqual(parsed.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  t.regex(key, /^-----BEGIN PRIVATE KEY-----/);
});

test('a client’s certificate has a name and no hosts', async (t) => {
  const { certificate } = await issue(await makeAuthority('test'), { name: 'data-put', hosts: [] });
  const parsed = new X509Certificate(certificate);
  t.is(parsed.subject, 'CN=data-put');
  t.is(parsed.subjectAltName, undefined);
  t.deepEqual(parsed.keyUsage, ['1.3.6.1.5.5.7.3.2']);
});

test('the group of a client is the organization in its certificate', async (t) => {
  const client = { name: 'selvedge-admin', group: 'system:masters', hosts: [] };
  const { certificate } = await issue(await makeAuthority('test'), client);
  t.is(new X509Certificate(certificate).subject, 'O=system:masters\nCN=selvedge-admin');
});

test('two certificates never share a serial number', async (t) => {
  const authority = await makeAuthority('test');
  const made = await Promise.all([1, 2, 3].map(() => issue(authority, leaf)));
  const serials = made.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
  t.is(new Set(serials).size, 3);
});

const table: Record<string, { later?: number; wanted?: Leaf; other?: boolean; stale?: RegExp }> = {
  'a new certificate is kept': {},
  'one with two thirds of its time gone is renewed': { later: 250, stale: /third of its time/ },
  'one with half of its time gone is kept': { later: 180 },
  'one that has ended is renewed': { later: 400, stale: /third of its time/ },
  'one that lacks a name is renewed': {
    wanted: { ...leaf, hosts: [...leaf.hosts, 'etcd-3.etcd.selvedge.svc'] },
    stale: /it lacks etcd-3\.etcd\.selvedge\.svc/,
  },
  'one that has a name too many is kept': { wanted: { ...leaf, hosts: ['localhost'] } },
  'one of another authority is renewed': { other: true, stale: /another authority/ },
};

for (const [sentence, { later = 0, wanted = leaf, other = false, stale }] of Object.entries(
  table,
)) {
  test(sentence, async (t) => {
    const authority = await makeAuthority('test', now);
    const { certificate } = await issue(
      other ? await makeAuthority('test', now) : authority,
      leaf,
      now,
    );
    const reason = await staleness(certificate, {
      authority: authority.certificate,
      leaf: wanted,
      now: new Date(now.getTime() + later * day),
    });
    if (stale) t.regex(reason ?? '', stale);
    else t.is(reason, undefined);
  });
}

test('what is no certificate is renewed', async (t) => {
  const { certificate } = await makeAuthority('test');
  t.is(await staleness('', { authority: certificate, leaf }), 'it cannot be read');
});
