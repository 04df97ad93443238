/** Wires the function that looks after users' keys. */
import { connectEtcd } from '../lib/data/etcd.ts';
import { createMetadata } from '../lib/data/metadata.ts';
import { announceTimeout, createAnnouncer } from '../lib/function/announce.ts';
import { createAuthenticator } from '../lib/function/authentication.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { authenticatorOptions, etcdOptions, vaultOptions } from '../lib/function/options.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { createLogger } from '../lib/log.ts';
import { connectVault } from '../lib/vault/client.ts';
import { createKeyWorks } from '../lib/vault/key-work.ts';
import { createUserKeys } from '../lib/vault/user-keys.ts';
import { createUserNotes } from '../lib/vault/user-notes.ts';
import { endpoints } from './handler.ts';

const env = readEnv({
  PORT: settings.PORT,
  BROKER_URL: settings.BROKER_URL,
  FAILOVER_URL: settings.FAILOVER_URL,
  CA_FILE: settings.CA_FILE,
  ETCD_ENDPOINTS: settings.ETCD_ENDPOINTS,
  ETCD_TLS_DIR: settings.ETCD_TLS_DIR,
  VAULT_ENDPOINTS: settings.VAULT_ENDPOINTS,
  VAULT_ROLE: settings.VAULT_ROLE,
  VAULT_TOKEN_FILE: settings.VAULT_TOKEN_FILE,
  OIDC_ISSUER: settings.OIDC_ISSUER,
  OIDC_AUDIENCE: settings.OIDC_AUDIENCE,
  OIDC_JWKS_URL: settings.OIDC_JWKS_URL,
});
const log = createLogger('keys');
const failover = connectBroker(env.FAILOVER_URL, announceTimeout);
const tell = createAnnouncer({ failover, observer: 'keys' });
const vault = connectVault({ ...vaultOptions(env), tell });
const etcd = connectEtcd({ ...etcdOptions(env), tell });

const app = functionApp({
  endpoints: endpoints({
    deps: {
      keys: createUserKeys(vault),
      notes: createUserNotes(vault),
      works: createKeyWorks(vault),
      metadata: createMetadata(etcd),
      broker: connectBroker(env.BROKER_URL),
      now: () => new Date(),
    },
    authenticator: createAuthenticator(authenticatorOptions(env)),
  }),
  log,
});
serve(app, { port: env.PORT, log, close: () => etcd.close() });
