import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { announceTimeout, createAnnouncer } from '../lib/function/announce.ts';
import { createAuthenticator } from '../lib/function/authentication.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { changeChannel } from '../lib/fabric/channel-update/change-channel.ts';
import { approve, commit } from '../lib/fabric/lifecycle.ts';
import { connectOrderer } from '../lib/fabric/orderer.ts';
import { connectParticipation } from '../lib/fabric/participation.ts';
import { connectPeer } from '../lib/fabric/peer.ts';
import { createIdentities } from '../lib/vault/identities.ts';
import { createAuthorizer } from '../lib/kubernetes/authorization.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { authenticatorOptions, vaultOptions } from '../lib/function/options.ts';
import { createLogger } from '../lib/log.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectVault } from '../lib/vault/client.ts';
import { applicationEndpoints } from './applications/handler.ts';
import { greet } from './greet.ts';
import { createEndpoints } from './handler.ts';
import { UnderWay } from './overdue.ts';
import type { Clients } from './clients.ts';
import { reconcile } from './reconcile.ts';

const env = readEnv({
  PORT: settings.PORT,
  NAMESPACE: settings.NAMESPACE,
  BROKER_URL: settings.BROKER_URL,
  FAILOVER_URL: settings.FAILOVER_URL,
  VAULT_ENDPOINTS: settings.VAULT_ENDPOINTS,
  VAULT_ROLE: settings.VAULT_ROLE,
  VAULT_TOKEN_FILE: settings.VAULT_TOKEN_FILE,
  CA_FILE: settings.CA_FILE,
  OIDC_ISSUER: settings.OIDC_ISSUER,
  OIDC_AUDIENCE: settings.OIDC_AUDIENCE,
  OIDC_JWKS_URL: settings.OIDC_JWKS_URL,
  PEER_IMAGE: z.string().min(1),
  ORDERER_IMAGE: z.string().min(1),
  CHAINCODE_IMAGE: z.string().min(1),
  STORAGE_CLASS: z.string().min(1).default('selvedge-replicated'),
  VOLUME_SIZE: z.string().min(1).default('1Gi'),
  CLUSTER_DOMAIN: z.string().min(1).default('cluster.local'),
  ANCHOR_SOURCE: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, 'chaincode/anchor')),
});

const log = createLogger('provisioning');
const failover = connectBroker(env.FAILOVER_URL, announceTimeout);
const tell = createAnnouncer({ failover, observer: 'provisioning' });
const vault = connectVault({ ...vaultOptions(env), tell });

const clients: Clients = {
  kubernetes: connectKubernetes(),
  vault,
  identities: createIdentities(vault),
  fabric: { connectPeer, connectOrderer, connectParticipation, approve, commit, changeChannel },
  broker: connectBroker(env.BROKER_URL),
  settings: {
    domain: env.CLUSTER_DOMAIN,
    storageClass: env.STORAGE_CLASS,
    volumeSize: env.VOLUME_SIZE,
    images: { peer: env.PEER_IMAGE, orderer: env.ORDERER_IMAGE, chaincode: env.CHAINCODE_IMAGE },
  },
  builtin: () => readFiles(env.ANCHOR_SOURCE),
  log,
  now: () => new Date(),
};

const underWay = new UnderWay();
const endpoints = {
  ...createEndpoints({
    kubernetes: clients.kubernetes,
    broker: clients.broker,
    namespace: env.NAMESPACE,
    greet: (id) => greet(clients, id),
    reconcile: (id, urgent) => underWay.run(() => reconcile(clients, id, urgent)),
  }),
  ...applicationEndpoints({
    clients,
    authenticator: createAuthenticator(authenticatorOptions(env)),
    authorizer: createAuthorizer(clients.kubernetes),
    namespace: env.NAMESPACE,
  }),
};

const app = functionApp({ endpoints, log, alive: () => underWay.requireNoneOverdue() });
serve(app, { port: env.PORT, log });

/** The files of a folder and its folders, by their path in it. */
async function readFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [relative(folder, path), await readFile(path)] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
