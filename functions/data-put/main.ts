/** Wires the function that stores data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createAuthenticator } from '../lib/function/authentication.ts';
import { createAuthorizer } from '../lib/kubernetes/authorization.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectEtcd } from '../lib/data/etcd.ts';
import { connectLedger } from '../lib/fabric/ledger.ts';
import { createKeys } from '../lib/data/keys.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLedgers } from '../lib/fabric/ledgers.ts';
import { createLogger } from '../lib/log.ts';
import { createMetadata } from '../lib/data/metadata.ts';
import { prefixes } from '../lib/data/datum.ts';
import { connectObjects } from '../lib/data/objects.ts';
import { decide } from '../lib/data/access-policy.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectVault } from '../lib/vault/client.ts';
import { createIncarnations } from '../lib/vault/incarnations.ts';
import type { Deps } from './deps.ts';
import { createGroupCommit } from './group-commit.ts';
import { endpoints } from './handler.ts';
import { createOutbox } from './outbox.ts';

const { PORT, NAMESPACE, BROKER_URL, OIDC_ISSUER, OIDC_AUDIENCE, ...env } = readEnv({
  ...settings,
  /** Where the issuer's keys are, when its discovery document names an address we cannot reach. */
  OIDC_JWKS_URL: z.url().optional(),
});

const log = createLogger('data-put');
const now = (): Date => new Date();
const credential = (file: string): string =>
  readFileSync(join(env.MINIO_CREDENTIALS_DIR, file), 'utf8').trim();

const vault = connectVault({
  address: env.VAULT_ADDR,
  role: env.VAULT_ROLE,
  tokenFile: env.VAULT_TOKEN_FILE,
  caFile: env.CA_FILE,
});
const etcd = connectEtcd({ endpoints: env.ETCD_ENDPOINTS, tlsDir: env.ETCD_TLS_DIR });
const metadata = createMetadata(etcd);
const ledgers = createLedgers(vault, connectLedger);
const outbox = createOutbox({ metadata, broker: connectBroker(BROKER_URL), now }, log);
const deps: Deps = {
  networks: ledgers,
  metadata,
  objects: connectObjects({
    endpoint: env.MINIO_ENDPOINT,
    bucket: env.MINIO_BUCKET,
    accessKey: credential('access-key'),
    secretKey: credential('secret-key'),
    caFile: env.CA_FILE,
  }),
  keys: createKeys(vault),
  chain: createGroupCommit(ledgers),
  incarnations: createIncarnations(vault),
  decide,
  announce: (event) => outbox.announce(event),
  now,
};
const authenticator = createAuthenticator({
  issuer: OIDC_ISSUER,
  audience: OIDC_AUDIENCE,
  jwksUrl: env.OIDC_JWKS_URL,
});
const authorizer = createAuthorizer(connectKubernetes());

const app = functionApp({
  endpoints: endpoints({ deps, outbox, authenticator, authorizer, namespace: NAMESPACE }),
  log,
});
serve(app, {
  port: PORT,
  log,
  close: async () => {
    await outbox.idle();
    ledgers.close();
    etcd.close();
  },
});

// What the first call needs is fetched while the platform still routes it here; what fails now
// is tried again by the call itself.
void Promise.allSettled([
  etcd.get(prefixes.data),
  vault.read(`selvedge/data/networks/${NAMESPACE}`),
]);
