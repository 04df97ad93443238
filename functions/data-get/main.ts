/** Wires the function that gives data back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createAuthenticator } from '../lib/function/authentication.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectEtcd } from '../lib/data/etcd.ts';
import { connectLedger } from '../lib/fabric/ledger.ts';
import { createKeys } from '../lib/data/keys.ts';
import { createLedgers } from '../lib/fabric/ledgers.ts';
import { createLogger } from '../lib/log.ts';
import { createMetadata } from '../lib/data/metadata.ts';
import { prefixes } from '../lib/data/datum.ts';
import { integrityErrors } from '../lib/function/metrics.ts';
import { connectObjects } from '../lib/data/objects.ts';
import { decide, warmUp } from '../lib/data/access-policy.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectVault } from '../lib/vault/client.ts';
import { createChain } from './chain.ts';
import { createCiphertexts } from './ciphertext.ts';
import type { Deps } from './deps.ts';
import { endpoints } from './handler.ts';

const { BROKER_URL: _unused, ...needed } = settings;
const { PORT, NAMESPACE, OIDC_ISSUER, OIDC_AUDIENCE, ...env } = readEnv({
  ...needed,
  /** Where the issuer's keys are, when its discovery document names an address we cannot reach. */
  OIDC_JWKS_URL: z.url().optional(),
});

const log = createLogger('data-get');
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
const objects = connectObjects({
  endpoint: env.MINIO_ENDPOINT,
  bucket: env.MINIO_BUCKET,
  accessKey: credential('access-key'),
  secretKey: credential('secret-key'),
  caFile: env.CA_FILE,
});
const ledgers = createLedgers(vault, connectLedger);
const deps: Deps = {
  networks: ledgers,
  metadata,
  keys: createKeys(vault),
  chain: createChain(ledgers),
  ciphertexts: createCiphertexts({ metadata, objects }),
  decide,
  audit: (fact) => {
    if (fact.audit === 'integrity') integrityErrors.inc();
    log[fact.audit === 'integrity' ? 'error' : 'info'](fact, 'audit');
  },
};
const authenticator = createAuthenticator({
  issuer: OIDC_ISSUER,
  audience: OIDC_AUDIENCE,
  jwksUrl: env.OIDC_JWKS_URL,
});

const app = functionApp({
  endpoints: endpoints({ deps, authenticator, namespace: NAMESPACE }),
  log,
});
serve(app, {
  port: PORT,
  log,
  close: () => {
    ledgers.close();
    etcd.close();
  },
});

// What the first call needs is fetched while the platform still routes it here; what fails now
// is tried again by the call itself.
void Promise.allSettled([
  etcd.get(prefixes.data),
  vault.read(`selvedge/data/networks/${NAMESPACE}`),
  warmUp(),
]);
