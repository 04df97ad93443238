/** Certificates as a real Vault makes them, under the policy provisioning has. */
import { X509Certificate } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { createIdentities, writerUnit } from '../../functions/lib/vault/identities.ts';
import { connectVault, VaultRefusal } from '../../functions/lib/vault/client.ts';
import { NotFound } from '../../functions/lib/errors.ts';
import { makeRequest } from '../../scripts/lib/x509.ts';
import { startVault, type VaultServer } from './harness.ts';

const test = anyTest as TestFn<VaultServer>;
test.before(async (t) => {
  t.context = await startVault();
});
test.after.always((t) => t.context.stop());

const identitiesOf = ({ as }: VaultServer) => createIdentities(connectVault(as('provisioning')));
const at = (name: string): string => `fabric/selvedge/supply/${name}`;
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

test('an authority is made once and is one of its own', async (t) => {
  const identities = identitiesOf(t.context);
  const pem = await identities.authority(at('farm/msp'), 'FarmMSP', ['peer']);
  t.is(await identities.authority(at('farm/msp'), 'FarmMSP', ['peer']), pem);
  const root = new X509Certificate(pem);
  t.true(root.ca);
  t.true(root.verify(root.publicKey));
  t.true(root.validToDate.getTime() - Date.now() > 9 * 365 * 24 * 3_600_000);
});

for (const role of ['peer', 'orderer', 'admin', 'client'] as const) {
  test(`a member of role ${role} is what Fabric asks of one`, async (t) => {
    const identities = identitiesOf(t.context);
    const mount = at(`${role}/msp`);
    const root = new X509Certificate(await identities.authority(mount, 'MSP', [role]));
    const pair = await identities.issue(mount, role, { commonName: 'member', hours: 24 });
    const leaf = new X509Certificate(pair.certificate);
    t.true(leaf.verify(root.publicKey));
    t.is(leaf.subject, `OU=${role}\nCN=member`);
    t.false(leaf.ca);
    t.falsy(leaf.keyUsage);
    t.deepEqual(leaf.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
    t.regex(pair.privateKey, /^-----BEGIN PRIVATE KEY-----/);
    t.true(leaf.validFromDate.getTime() < Date.now() - 5 * 60_000);
  });
}

test('only who writes facts bears the unit that the chaincode asks for', async (t) => {
  const identities = identitiesOf(t.context);
  const mount = at('units/msp');
  await identities.authority(mount, 'MSP', ['client', 'writer']);
  const unitsOf = async (role: 'client' | 'writer') => {
    const commonName = `x,OU=${writerUnit}`;
    const { certificate } = await identities.issue(mount, role, { commonName, hours: 1 });
    return new X509Certificate(certificate).toLegacyObject().subject.OU as unknown;
  };
  t.deepEqual(await unitsOf('writer'), ['client', writerUnit]);
  t.is(await unitsOf('client'), 'client');
});

test('a server is reached by every name it was given, and is a client too', async (t) => {
  const identities = identitiesOf(t.context);
  await identities.authority(at('farm/tls'), 'farm TLS', ['server']);
  const names = ['supply-farm-peer-0.supply-farm-peer.selvedge.svc.cluster.local', 'localhost'];
  const { certificate } = await identities.issue(at('farm/tls'), 'server', {
    commonName: 'supply-farm-peer-0',
    names,
    hours: 24,
  });
  const leaf = new X509Certificate(certificate);
  for (const name of names) t.is(leaf.checkHost(name), name);
  t.deepEqual([...leaf.keyUsage].sort(), [serverAuth, clientAuth].sort());
});

test('an authority that is removed is gone, and removing it again is fine', async (t) => {
  const identities = identitiesOf(t.context);
  const first = await identities.authority(at('gone/msp'), 'Gone', ['peer']);
  await identities.removeAuthority(at('gone/msp'));
  await identities.removeAuthority(at('gone/msp'));
  await t.throwsAsync(
    identities.issue(at('gone/msp'), 'peer', { commonName: 'x', hours: 1 }),
    // Nothing is mounted there.
    undefined,
  );
  t.not(await identities.authority(at('gone/msp'), 'Gone', ['peer']), first);
});

test('an authority of before signs for applications; one that is gone is not found', async (t) => {
  const identities = identitiesOf(t.context);
  const mount = at('older/msp');
  const root = new X509Certificate(await identities.authority(mount, 'Older', ['client']));
  const { request } = await makeRequest();
  const sign = () => identities.sign(mount, { request, commonName: 'alice', hours: 1 });
  for (let i = 0; i < 2; i++) {
    const leaf = new X509Certificate(await sign());
    t.true(leaf.verify(root.publicKey));
    t.is(leaf.subject, 'OU=client\nCN=alice');
  }
  await identities.removeAuthority(mount);
  await t.throwsAsync(sign(), { instanceOf: NotFound });
});

test('provisioning may not make mounts elsewhere', async (t) => {
  const identities = identitiesOf(t.context);
  await t.throwsAsync(identities.authority('elsewhere/msp', 'X', []), {
    instanceOf: VaultRefusal,
  });
});
