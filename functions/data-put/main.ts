/** Wires the function that stores data. */
import { createAuthenticator } from '../lib/function/authentication.ts';
import { createAuthorizer } from '../lib/kubernetes/authorization.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { announceTimeout, createAnnouncer } from '../lib/function/announce.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectEtcd } from '../lib/data/etcd.ts';
import { connectLedger } from '../lib/fabric/ledger.ts';
import { createKeys } from '../lib/data/keys.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLedgers } from '../lib/fabric/ledgers.ts';
import { createLogger } from '../lib/log.ts';
import { createMemory } from '../lib/memory.ts';
import { createMetadata } from '../lib/data/metadata.ts';
import { createNames } from '../lib/data/names.ts';
import { prefixes } from '../lib/data/datum.ts';
import { connectObjects } from '../lib/data/objects.ts';
import { decide, validate } from '../lib/data/access-policy.ts';
import {
  authenticatorOptions,
  etcdOptions,
  objectsOptions,
  vaultOptions,
} from '../lib/function/options.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectVault } from '../lib/vault/client.ts';
import { createIncarnations } from '../lib/vault/incarnations.ts';
import { createNameKeys } from '../lib/vault/name-keys.ts';
import type { Deps } from './deps.ts';
import { createGroupCommit } from './group-commit.ts';
import { endpoints } from './handler.ts';
import { createOutbox } from './outbox.ts';

/** Bytes that bodies may take: half of what a pod has; the rest is for the beginnings of bodies, and for Node. */
const memory = { whole: 96 * 1024 ** 2, going: 288 * 1024 ** 2 };

const env = readEnv(settings);
const log = createLogger('data-put');
const failover = connectBroker(env.FAILOVER_URL, announceTimeout);
const tell = createAnnouncer({ failover, observer: 'data-put' });
const now = (): Date => new Date();

const vault = connectVault({ ...vaultOptions(env), tell });
const etcd = connectEtcd({ ...etcdOptions(env), tell, inGroups: true });
const metadata = createMetadata(etcd);
const ledgers = createLedgers(vault, (connection) => connectLedger(connection, { tell }));
const outbox = createOutbox({ metadata, broker: connectBroker(env.BROKER_URL), now }, log);
const deps: Deps = {
  networks: ledgers,
  metadata,
  objects: connectObjects({ ...objectsOptions(env), tell }),
  keys: createKeys(vault),
  names: createNames(createNameKeys(vault)),
  chain: createGroupCommit(ledgers),
  incarnations: createIncarnations(vault),
  memory: { whole: createMemory(memory.whole), going: createMemory(memory.going) },
  decide,
  validate,
  announce: (event) => outbox.announce(event),
  now,
};
const authenticator = createAuthenticator(authenticatorOptions(env));
// A right that is withdrawn counts seconds later, as Kubernetes' own caches have it.
const authorizer = createAuthorizer(connectKubernetes(), { holdsMs: 5_000 });

const app = functionApp({
  endpoints: endpoints({ deps, outbox, authenticator, authorizer, namespace: env.NAMESPACE }),
  log,
});
serve(app, {
  port: env.PORT,
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
  vault.read(`selvedge/data/networks/${env.NAMESPACE}`),
]);
