import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { createLogger } from '../../functions/lib/log.ts';
import { generateRoot, type UnsealKeys } from '../../functions/lib/vault/members.ts';
import { until } from '../../functions/lib/until.ts';
import { connectVault, type Vault, VaultRefusal } from '../../functions/lib/vault/client.ts';
import { configureVault } from '../../functions/setup/configure.ts';
import { authorized, led, openVault, type KeyStore } from '../../functions/setup/vault.ts';
import { startVaultCluster, type VaultCluster } from './vault-cluster.ts';

interface Context {
  cluster: VaultCluster;
  keySet: Server;
  signer: CryptoKey;
  folder: string;
  store: KeyStore & { keys?: UnsealKeys };
}
const test = anyTest as TestFn<Context>;
const log = createLogger('test');
const issuer = 'https://issuer.test';

test.before(async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const keySet = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => keySet.listen(0, '127.0.0.1', resolve));
  const store: Context['store'] = {
    read: () => Promise.resolve(store.keys),
    prepare: () => Promise.resolve(),
    save: (keys) => Promise.resolve(void (store.keys = keys)),
  };
  t.context = {
    cluster: await startVaultCluster(3),
    keySet,
    signer: privateKey,
    folder: await mkdtemp(join(tmpdir(), 'selvedge-setup-')),
    store,
  };
});

test.after.always(async (t) => {
  t.context.keySet.close();
  await t.context.cluster.stop();
  await rm(t.context.folder, { recursive: true, force: true });
});

/** The whole of setup's work on Vault, as its main does it. */
async function setUp({ cluster, store, keySet }: Context): Promise<string> {
  const { members } = cluster;
  const opened = await openVault({ members, store, shares: 3, threshold: 2, log });
  const member = members[0]!;
  await led(member);
  const token = opened.rootToken ?? (await generateRoot(member, opened.keys));
  const call = authorized(member, token);
  const jwksUrl = `http://127.0.0.1:${(keySet.address() as AddressInfo).port}`;
  await configureVault(call, { name: issuer, jwksUrl, jwksCa: cluster.ca }, 'selvedge');
  await call('POST', 'auth/token/revoke-self', {});
  return token;
}

async function loginAs(context: Context, account: string, role: string): Promise<Vault> {
  const { cluster, folder, signer } = context;
  const jwt = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(issuer)
    .setSubject(`system:serviceaccount:selvedge:${account}`)
    .setAudience('vault')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(signer);
  const tokenFile = join(folder, `${account}.jwt`);
  await writeFile(tokenFile, jwt);
  return connectVault({
    addresses: [cluster.members[0]!.address],
    role,
    tokenFile,
    caFile: cluster.caFile,
  });
}

const refused = { instanceOf: VaultRefusal };

test.serial('setup brings three empty members to one unsealed Vault', async (t) => {
  const token = await setUp(t.context);
  for (const member of t.context.cluster.members) {
    t.deepEqual(await member.status(), { initialized: true, sealed: false });
  }
  t.is(t.context.store.keys?.shares.length, 3);
  const lookup = await t.context.cluster.members[0]!.call('GET', 'auth/token/lookup-self', {
    token,
  });
  t.is(lookup.status, 403, 'the root token is gone');
});

test.serial('a second setup finds everything done', async (t) => {
  const before = t.context.store.keys;
  await setUp(t.context);
  t.is(t.context.store.keys, before);
});

test.serial('data-put makes data keys and cannot open one', async (t) => {
  const vault = await loginAs(t.context, 'data-put', 'data-put');
  await vault.write('transit/keys/user-a', { type: 'aes256-gcm96' });
  await vault.write('transit/keys/user-a', { type: 'aes256-gcm96' });
  const key = await vault.write('transit/datakey/plaintext/user-a', { bits: 256 });
  const ciphertext = String(key?.ciphertext);
  await t.throwsAsync(vault.write('transit/decrypt/user-a', { ciphertext }), refused);
  await t.throwsAsync(
    vault.write('transit/keys/user-a/config', { deletion_allowed: true }),
    refused,
  );
  await t.throwsAsync(vault.write('transit/keys/user-a/rotate', {}), refused);
  // A key of another name it may make, and do nothing with.
  await vault.write('transit/keys/other', { type: 'aes256-gcm96' });
  await t.throwsAsync(vault.write('transit/datakey/plaintext/other', { bits: 256 }), refused);
  await t.throwsAsync(vault.remove('transit/keys/user-a'), refused);
  await t.throwsAsync(vault.write('selvedge/data/networks/n/x', { data: {} }), refused);
});

test.serial('data-get opens data keys and makes none', async (t) => {
  const put = await loginAs(t.context, 'data-put', 'data-put');
  const get = await loginAs(t.context, 'data-get', 'data-get');
  const key = await put.write('transit/datakey/plaintext/user-a', { bits: 256 });
  const opened = await get.write('transit/decrypt/user-a', { ciphertext: key?.ciphertext });
  t.is(opened?.plaintext, key?.plaintext);
  await t.throwsAsync(get.write('transit/datakey/plaintext/user-a', { bits: 256 }), refused);
});

test.serial('provisioning owns the PKI of networks and what functions reach them by', async (t) => {
  const vault = await loginAs(t.context, 'provisioning', 'provisioning');
  await vault.write('sys/mounts/fabric/ns/net/org/msp', { type: 'pki' });
  await vault.write('fabric/ns/net/org/msp/root/generate/internal', {
    common_name: 'ca',
    key_type: 'ec',
  });
  await vault.write('selvedge/data/networks/ns/net', { data: { connection: 'x' } });
  const get = await loginAs(t.context, 'data-get', 'data-get');
  const found = await get.read('selvedge/data/networks/ns/net');
  t.deepEqual(found?.data, { connection: 'x' });
  await t.throwsAsync(vault.write('sys/mounts/other', { type: 'pki' }), refused);
  await t.throwsAsync(vault.write('transit/keys/user-b', { type: 'aes256-gcm96' }), refused);
  await vault.remove('sys/mounts/fabric/ns/net/org/msp');
});

test.serial('one function does not log in as another', async (t) => {
  const vault = await loginAs(t.context, 'data-put', 'data-get');
  await t.throwsAsync(vault.read('selvedge/data/networks/ns/net'), {
    message: /refused the login/,
  });
});

test.serial('a restarted member is sealed, and the stored keys unseal it', async (t) => {
  const { cluster, store } = t.context;
  await cluster.restart(1);
  const member = cluster.members[1]!;
  const status = await until({ what: 'the member', timeoutMs: 20_000 }, () => member.status());
  t.deepEqual(status, { initialized: true, sealed: true });
  await member.unseal(store.keys!);
  await until({ what: 'the seal to open', timeoutMs: 20_000 }, async () => {
    return !(await member.status()).sealed;
  });
  t.pass();
});
