/** Wires the function that gives data back. */
import { createAuthenticator } from '../lib/function/authentication.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { announceTimeout, createAnnouncer } from '../lib/function/announce.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectEtcd } from '../lib/data/etcd.ts';
import { connectLedger } from '../lib/fabric/ledger.ts';
import { createKeys } from '../lib/data/keys.ts';
import { createLedgers } from '../lib/fabric/ledgers.ts';
import { createLogger } from '../lib/log.ts';
import { createMetadata } from '../lib/data/metadata.ts';
import { createNames } from '../lib/data/names.ts';
import { prefixes } from '../lib/data/datum.ts';
import { integrityErrors } from '../lib/function/metrics.ts';
import { connectObjects } from '../lib/data/objects.ts';
import { decide, warmUp } from '../lib/data/access-policy.ts';
import {
  authenticatorOptions,
  etcdOptions,
  objectsOptions,
  vaultOptions,
} from '../lib/function/options.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectVault } from '../lib/vault/client.ts';
import { createNameKeys } from '../lib/vault/name-keys.ts';
import { createChain } from './chain.ts';
import { createCiphertexts } from './ciphertext.ts';
import type { Deps } from './deps.ts';
import { endpoints } from './handler.ts';

// It announces nothing.
const { BROKER_URL: _unused, ...needed } = settings;
const env = readEnv(needed);
const log = createLogger('data-get');
const failover = connectBroker(env.FAILOVER_URL, announceTimeout);
const tell = createAnnouncer({ failover, observer: 'data-get' });

const vault = connectVault({ ...vaultOptions(env), tell });
const etcd = connectEtcd({ ...etcdOptions(env), tell });
const metadata = createMetadata(etcd);
const objects = connectObjects({ ...objectsOptions(env), tell });
const ledgers = createLedgers(vault, (connection) => connectLedger(connection, { tell }));
const names = createNames(createNameKeys(vault));
const deps: Deps = {
  networks: ledgers,
  metadata,
  keys: createKeys(vault),
  chain: createChain(ledgers, names),
  names,
  ciphertexts: createCiphertexts({ metadata, objects }),
  decide,
  audit: (fact) => {
    if (fact.audit === 'integrity') integrityErrors.inc();
    log[fact.audit === 'integrity' ? 'error' : 'info'](fact, 'audit');
  },
};
const authenticator = createAuthenticator(authenticatorOptions(env));

const app = functionApp({
  endpoints: endpoints({ deps, authenticator, namespace: env.NAMESPACE }),
  log,
});
serve(app, {
  port: env.PORT,
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
  vault.read(`selvedge/data/networks/${env.NAMESPACE}`),
  warmUp(),
]);
