import test from 'ava';
import { NotFound } from '../../../../functions/lib/errors.ts';
import { createIdentities, lifeSpent } from '../../../../functions/lib/vault/identities.ts';
import { type Vault, VaultRefusal } from '../../../../functions/lib/vault/client.ts';
import { createOrganization } from '../fabric/identities.ts';

const mount = 'fabric/selvedge/supply/farm/msp';

/** Vault's PKI as far as its paths and refusals go. */
function fakeVault(): { vault: Vault; writes: string[]; bodies: Map<string, unknown> } {
  const writes: string[] = [];
  const bodies = new Map<string, unknown>();
  let rooted = false;
  return {
    writes,
    bodies,
    vault: {
      read: (path) => {
        if (path.startsWith('sys/mounts/') && !writes.includes(path)) {
          return Promise.reject(new VaultRefusal(400, 'no secret engine mount', path));
        }
        if (path.endsWith('/cert/ca')) {
          return rooted
            ? Promise.resolve({ certificate: '-----BEGIN CERTIFICATE-----' })
            : Promise.reject(new VaultRefusal(400, 'no default issuer', path));
        }
        return Promise.resolve({});
      },
      write: (path, body) => {
        writes.push(path);
        bodies.set(path, body);
        if (path.endsWith('/root/generate/internal')) rooted = true;
        return Promise.resolve({ certificate: 'CERT', private_key: 'KEY' });
      },
      remove: (path) => {
        writes.push(`- ${path}`);
        return Promise.resolve();
      },
      list: () => Promise.resolve([]),
    },
  };
}

test('an authority is mounted, given its roles, and only then its root', async (t) => {
  const { vault, writes } = fakeVault();
  await createIdentities(vault).authority(mount, 'FarmMSP', ['peer', 'admin']);
  t.deepEqual(writes, [
    `sys/mounts/${mount}`,
    `${mount}/roles/peer`,
    `${mount}/roles/admin`,
    `${mount}/root/generate/internal`,
  ]);
});

test('an authority that is there is left as it is', async (t) => {
  const { vault, writes } = fakeVault();
  const identities = createIdentities(vault);
  const first = await identities.authority(mount, 'FarmMSP', ['peer']);
  writes.length = 0;
  await identities.authority(mount, 'FarmMSP', ['peer']);
  t.deepEqual(writes, []);
  t.is(typeof first, 'string');
});

test('a function that died after mounting carries on', async (t) => {
  const { vault, writes } = fakeVault();
  writes.push(`sys/mounts/${mount}`);
  await createIdentities(vault).authority(mount, 'FarmMSP', ['peer']);
  t.deepEqual(writes.slice(1), [`${mount}/roles/peer`, `${mount}/root/generate/internal`]);
});

test('a member has its role as organizational unit and no extended key usage', async (t) => {
  const { vault, bodies } = fakeVault();
  await createIdentities(vault).authority(mount, 'FarmMSP', ['peer']);
  // Fabric verifies members as servers: a certificate for clients only would be refused.
  t.like(bodies.get(`${mount}/roles/peer`), {
    ou: ['peer'],
    server_flag: false,
    client_flag: false,
    ext_key_usage: [],
    key_type: 'ec',
    key_bits: 256,
  });
});

test('a server is one and a client, since orderers are both to each other', async (t) => {
  const { vault, bodies } = fakeVault();
  await createIdentities(vault).authority(mount, 'farm', ['server']);
  t.like(bodies.get(`${mount}/roles/server`), { server_flag: true, client_flag: true });
});

test('who signs for a key made elsewhere takes no names from the request', async (t) => {
  const { vault, writes, bodies } = fakeVault();
  const signing = { request: 'CSR', commonName: 'alice', hours: 720 };
  t.is(await createIdentities(vault).sign(mount, signing), 'CERT\n');
  // Of an authority that has the role nothing is changed.
  t.deepEqual(writes, [`${mount}/sign/application`]);
  t.like(bodies.get(`${mount}/sign/application`), {
    csr: 'CSR',
    common_name: 'alice',
    ttl: '720h',
  });
});

test('an authority that was made before there was the role gets it, and signs', async (t) => {
  const { vault, writes, bodies } = fakeVault();
  const { write } = vault;
  vault.write = (path, body) => {
    const lacks = path.includes('/sign/') && !writes.some((one) => one.includes('/roles/'));
    return lacks
      ? Promise.reject(new VaultRefusal(400, 'unknown role: application', path))
      : write(path, body);
  };
  const signing = { request: 'CSR', commonName: 'alice', hours: 720 };
  t.is(await createIdentities(vault).sign(mount, signing), 'CERT\n');
  t.deepEqual(writes, [`${mount}/roles/application`, `${mount}/sign/application`]);
  t.like(bodies.get(`${mount}/roles/application`), {
    ou: ['client'],
    use_csr_common_name: false,
    use_csr_sans: false,
    ext_key_usage: [],
  });
});

test('an authority that was removed meanwhile is not found', async (t) => {
  const { vault } = fakeVault();
  vault.write = () => Promise.resolve(undefined);
  const signing = { request: 'CSR', commonName: 'alice', hours: 1 };
  await t.throwsAsync(createIdentities(vault).sign(mount, signing), { instanceOf: NotFound });
});

for (const [status, name] of [
  [400, 'Unprocessable'],
  [403, 'VaultRefusal'],
] as const) {
  test(`what Vault answers to a request with ${status} is ${name}`, async (t) => {
    const { vault } = fakeVault();
    const { write } = vault;
    vault.write = (path, body) =>
      path.includes('/sign/')
        ? Promise.reject(new VaultRefusal(status, 'no', path))
        : write(path, body);
    const signing = { request: 'CSR', commonName: 'alice', hours: 1 };
    await t.throwsAsync(createIdentities(vault).sign(mount, signing), { name });
  });
}

test('what is no refusal of an absent mount is told', async (t) => {
  const { vault } = fakeVault();
  vault.read = (path) => Promise.reject(new VaultRefusal(403, 'permission denied', path));
  const made = createIdentities(vault).authority(mount, 'FarmMSP', []);
  await t.throwsAsync(made, { instanceOf: VaultRefusal });
});

test('the share of a life that is over goes from 0 to 1', async (t) => {
  const { msp } = await createOrganization('farm', 'FarmMSP');
  const { certificate } = await msp.issue({ name: 'x', unit: 'peer' });
  const day = 24 * 3_600_000;
  // Valid from an hour ago until in 365 days.
  t.true(lifeSpent(certificate, new Date()) < 0.01);
  t.true(Math.abs(lifeSpent(certificate, new Date(Date.now() + 365 * day)) - 1) < 0.01);
});
