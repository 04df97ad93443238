/**
 * The Job `setup`: makes the storage tiers usable, once they run. Every step looks first, so it
 * may end anywhere and run again.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { readEnv, settings } from '../lib/function/env.ts';
import { etcdOptions, objectsOptions } from '../lib/function/options.ts';
import { connectEtcdClient } from '../lib/data/etcd.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLogger } from '../lib/log.ts';
import { dataUsers } from '../lib/tiers.ts';
import { readUnsealKeys, saveUnsealKeys, unsealSecret } from '../lib/vault/unseal-keys.ts';
import { connectMember, generateRoot } from '../lib/vault/members.ts';
import { configureVault } from './configure.ts';
import { restrictEtcd } from './etcd.ts';
import { setUpStore } from './store.ts';
import { authorized, led, openVault, type KeyStore } from './vault.ts';

const env = readEnv({
  NAMESPACE: settings.NAMESPACE,
  /** Where the functions are that the tiers serve. */
  FUNCTIONS_NAMESPACE: settings.NAMESPACE,
  CA_FILE: settings.CA_FILE,
  /** Comma-separated addresses of the members. */
  VAULT_MEMBERS: z.string().transform((list) => list.split(',')),
  VAULT_SHARES: z.coerce.number().int().min(1).max(10).default(1),
  VAULT_THRESHOLD: z.coerce.number().int().min(1).max(10).default(1),
  JWKS_URL: z.url(),
  /** The pod's own service account: its token names the issuer, its `ca.crt` the cluster's CA. */
  SERVICE_ACCOUNT_DIR: z.string().default('/var/run/secrets/kubernetes.io/serviceaccount'),
  ETCD_ENDPOINTS: settings.ETCD_ENDPOINTS,
  ETCD_TLS_DIR: settings.ETCD_TLS_DIR,
  MINIO_ENDPOINTS: settings.MINIO_ENDPOINTS,
  MINIO_BUCKET: settings.MINIO_BUCKET,
  MINIO_CREDENTIALS_DIR: settings.MINIO_CREDENTIALS_DIR,
  /** A file for each function, of its name, with its secret key. */
  MINIO_USERS_DIR: z.string().min(1),
});
const log = createLogger('setup');
const ca = readFileSync(env.CA_FILE);
const kubernetes = connectKubernetes();

async function vault(): Promise<void> {
  const members = env.VAULT_MEMBERS.map((address) => connectMember({ address, ca }));
  const store: KeyStore = {
    read: () => readUnsealKeys(kubernetes, env.NAMESPACE),
    prepare: async () => {
      const ref = {
        apiVersion: 'v1',
        kind: 'Secret',
        namespace: env.NAMESPACE,
        name: unsealSecret,
      };
      const annotations = { 'selvedge.dev/initializing': new Date().toISOString() };
      await kubernetes.merge(ref, { metadata: { annotations } });
    },
    save: (keys) => saveUnsealKeys(kubernetes, env.NAMESPACE, keys),
  };
  const { VAULT_SHARES: shares, VAULT_THRESHOLD: threshold } = env;
  const { keys, rootToken } = await openVault({ members, store, shares, threshold, log });
  const [first] = members;
  if (!first) throw new Error('VAULT_MEMBERS is empty');
  await led(first);
  // No powerful token is kept: a later run makes one from the unseal keys, and this one ends it.
  const token = rootToken ?? (await generateRoot(first, keys));
  const call = authorized(first, token);
  const own = (file: string): string => readFileSync(join(env.SERVICE_ACCOUNT_DIR, file), 'utf8');
  const issuer = {
    name: String(decodeJwt(own('token')).iss),
    jwksUrl: env.JWKS_URL,
    jwksCa: own('ca.crt'),
  };
  try {
    await configureVault(call, issuer, env.FUNCTIONS_NAMESPACE);
  } finally {
    await call('POST', 'auth/token/revoke-self', {});
  }
  log.info('Vault is set up');
}

async function objects(): Promise<void> {
  const users = { 'data-put': '', 'data-get': '' };
  for (const user of dataUsers)
    users[user] = readFileSync(join(env.MINIO_USERS_DIR, user), 'utf8').trim();
  const { endpoints, ...store } = objectsOptions(env);
  const [endpoint] = endpoints;
  if (endpoint === undefined) throw new Error('MINIO_ENDPOINTS is empty');
  await setUpStore({ ...store, endpoint, ca, users });
  log.info({ bucket: env.MINIO_BUCKET }, 'the object store is set up');
}

async function records(): Promise<void> {
  const client = connectEtcdClient(etcdOptions(env));
  try {
    await restrictEtcd(client);
  } finally {
    client.close();
  }
  log.info('etcd is set up');
}

try {
  await Promise.all([vault(), objects(), records()]);
} catch (error) {
  log.error({ error }, 'the setup did not finish');
  process.exitCode = 1;
}
