/** The whole way of a request: the gateway's process, an API server, the functions behind it and their stores. */
import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { endpoints as getEndpoints } from '../../../functions/data-get/handler.ts';
import { endpoints as putEndpoints } from '../../../functions/data-put/handler.ts';
import { createOutbox } from '../../../functions/data-put/outbox.ts';
import { endpoints as keyEndpoints } from '../../../functions/keys/handler.ts';
import { NotFound } from '../../../functions/lib/errors.ts';
import {
  clusterIssuer,
  createAuthenticator,
  type Caller,
} from '../../../functions/lib/function/authentication.ts';
import { functionApp } from '../../../functions/lib/function/serve.ts';
import { createAuthorizer } from '../../../functions/lib/kubernetes/authorization.ts';
import { connectKubernetes } from '../../../functions/lib/kubernetes/client.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { connectVault } from '../../../functions/lib/vault/client.ts';
import { createIdentities } from '../../../functions/lib/vault/identities.ts';
import { applicationEndpoints } from '../../../functions/provisioning/applications/handler.ts';
import { createCredentials } from '../../../functions/provisioning/credentials.ts';
import { createWorld, networkOf, planFor } from '../../functions/provisioning/world.ts';
import { startGateway, startNetworksApi } from '../gateway-process.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import { caller, network, startWorld, type World } from '../world.ts';

export interface Service {
  url: string;
  world: World;
  api: KubernetesApi;
  /** A token of who may do anything with networks, and put data into them. */
  token: string;
  stop: () => Promise<void>;
}

/** What alice may besides, as `selvedge-users` may in the local cluster. */
const grants = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: putter, namespace: selvedge}
rules:
  - {apiGroups: [selvedge.dev], resources: [fabricnetworks/data], verbs: [create]}
  - apiGroups: [selvedge.dev]
    resources: [fabricnetworks/identities]
    resourceNames: [supply/farm]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: putter, namespace: selvedge}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: putter}
subjects: [{kind: ServiceAccount, name: alice, namespace: selvedge-users}]
`;

/** @param env of the gateway, where it is not as by default */
export async function startService(env: Record<string, string> = {}): Promise<Service> {
  const [api, world] = await Promise.all([startNetworksApi(), startWorld()]);
  await api.kubectl(['apply', '-f', '-'], grants);
  const functions = await startFunctions(api, world);
  const gateway = await startGateway(api, {
    DATA_PUT_URL: functions.put,
    DATA_GET_URL: functions.get,
    KEYS_URL: functions.keys,
    PROVISIONING_URL: functions.provisioning,
    // Nobody hears of suspicions here.
    FAILOVER_URL: functions.get,
    ...env,
  });
  return {
    ...{ url: gateway.url, world, api },
    token: await api.token('selvedge-users', 'alice', 'selvedge'),
    stop: async () => {
      await gateway.stop();
      functions.stop();
      await Promise.all([api.stop(), world.stop()]);
    },
  };
}

/** The functions behind the gateway, which check tokens and ask the API server as their images do. */
async function startFunctions(api: KubernetesApi, world: World) {
  const { putDeps, getDeps } = world;
  const log = createLogger('test');
  log.level = 'silent';
  // The keys of the API server without its TLS, whose authority is another process's.
  const keys = await api.kubectl(['get', '--raw', '/openid/v1/jwks']);
  const issuer = await listen((_request, response) => void response.end(keys));
  const authenticator = createAuthenticator({
    issuer: clusterIssuer,
    audience: 'selvedge',
    jwksUrl: issuer.url,
  });
  const config = new KubeConfig();
  config.loadFromFile(await api.kubeconfig('admin-of-a-test'));
  const authorizer = createAuthorizer(connectKubernetes({ config }));
  const networks = { find: onlySupply };
  const put = putEndpoints({
    deps: { ...putDeps, networks },
    outbox: createOutbox({ ...putDeps, broker: { send: () => Promise.resolve() } }, log),
    ...{ authenticator, authorizer, namespace: network.namespace },
  });
  const get = getEndpoints({
    deps: { ...getDeps, networks: { ...getDeps.networks, ...networks } },
    ...{ authenticator, namespace: network.namespace },
  });
  const ownKeys = keyEndpoints({
    deps: world.keyDeps,
    authenticator: { authenticate: () => strangerWithKey(world) },
  });
  const applications = applicationEndpoints({
    clients: await provisioned(world),
    ...{ authenticator, authorizer, namespace: network.namespace },
  });
  const servers = [
    await listen(functionApp({ endpoints: put, log })),
    await listen(functionApp({ endpoints: get, log })),
    await listen(functionApp({ endpoints: applications, log })),
    await listen(functionApp({ endpoints: ownKeys, log })),
  ] as const;
  return {
    put: servers[0].url,
    get: servers[1].url,
    provisioning: servers[2].url,
    keys: servers[3].url,
    stop: () => [issuer, ...servers].forEach(({ stop }) => stop()),
  };
}

/** Who calls is to go on putting, and a key is destroyed for good: each call is about another one. */
async function strangerWithKey({ putDeps }: World): Promise<Caller> {
  const stranger = caller(randomUUID());
  await putDeps.keys.dataKey(stranger.id);
  return stranger;
}

/** What provisioning has of the one network there is: its resource, and its authorities in Vault. */
async function provisioned({ vault }: World) {
  const { clients, ...world } = await createWorld();
  const identities = createIdentities(connectVault(vault.as('provisioning')));
  const plan = planFor(await networkOf({ clients, ...world }));
  await createCredentials(identities, plan).authorities('farm');
  return { ...clients, identities };
}

/** The functions know networks by their connections in Vault: one is there. */
const onlySupply: World['putDeps']['networks']['find'] = (ref) =>
  ref.network === network.network
    ? Promise.resolve(network)
    : Promise.reject(new NotFound(`the network ${ref.network} does not exist or is not ready`));

async function listen(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stop };
}
