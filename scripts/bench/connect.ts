import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { concurrently } from '../../functions/lib/concurrently.ts';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import { hostOf, storageNamespace, tiers } from '../../functions/lib/tiers.ts';
import { connectGateway, type WholeDataClient } from '../cli/client.ts';
import { connectTarget, type Target, type TargetOptions } from '../cli/target.ts';
import { issueToken, usersNamespace } from '../cli/token.ts';
import { kubectlLink } from '../cluster/nodes/kubectl.ts';
import { closeServices, openService } from './opening.ts';
import { connectRaw, type RawChannel } from './peers/fabric.ts';
import { connectPlainStore, type PlainStore } from './peers/minio.ts';
import type { World } from './world.ts';
import { readConnection } from './writer.ts';

export interface ConnectOptions {
  kubeconfig: string;
  context?: string | undefined;
  /** The address of the gateway. */
  gateway: string;
  network: string;
  namespace: string;
  say: (line: string) => void;
}

/** Whose tokens the callers have: one user alone would meet its own budget before the cluster's bounds. */
const users = Array.from({ length: 8 }, (_, n) => `bench-${n + 1}`);

/** Seconds a token is good: longer than a run. */
const tokenSeconds = 12 * 3600;

/** @throws Error when the cluster has no such network, or one that keeps no data */
export async function connectWorld(options: ConnectOptions): Promise<World> {
  const { kubeconfig, context, gateway, network: name, namespace, say } = options;
  const kubectl = existsSync(kubectlLink) ? kubectlLink : 'kubectl';
  const target = { kubeconfig, context, kubectl };
  const { kubernetes } = connectTarget(target);
  const network = await kubernetes.get<FabricNetwork>({ apiVersion, kind, namespace, name });
  if (!network) throw new Error(`there is no network ${name} in ${namespace}`);
  if (!network.spec.data) throw new Error(`the network ${name} keeps no data: it has no \`data\``);
  await closeServices(kubernetes);
  const clients = await concurrently(4, users, async (user) =>
    connectGateway(gateway, name, await issueToken(target, user, { seconds: tokenSeconds })),
  ).catch(async (error: unknown) => {
    await removeUsers(kubernetes);
    throw error;
  });
  const raw = once(() => openRaw(kubernetes, target, network));
  const store = once(() => openStore(kubernetes));
  return {
    gateway: (caller) => clients[caller % clients.length] as WholeDataClient,
    prefix: `bench/${randomBytes(6).toString('hex')}`,
    ...{ raw: raw.get, store: store.get, say },
    close: async () => {
      try {
        (await raw.opened())?.close();
        await (await store.opened())?.close();
      } finally {
        await closeServices(kubernetes);
        await removeUsers(kubernetes);
      }
    },
  };
}

const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: usersNamespace };

type Kubernetes = Target['kubernetes'];

async function removeUsers(kubernetes: Kubernetes): Promise<void> {
  for (const user of users) await kubernetes.remove({ ...account, name: user });
}

async function openRaw(
  kubernetes: Kubernetes,
  target: TargetOptions & { kubectl: string },
  network: FabricNetwork,
): Promise<RawChannel> {
  const { kubeconfig, context, kubectl } = target;
  const flags = ['--kubeconfig', kubeconfig, ...(context ? ['--context', context] : [])];
  const connection = await readConnection({
    ...{ target, kubectlCommand: [kubectl, ...flags], network: network.metadata },
    authority: await authorityOfTiers(kubernetes),
  });
  const [first] = connection.peers;
  const [host = '', port] = first?.address.split(':') ?? [];
  // The host name of a Service: NAME.NAMESPACE.svc.DOMAIN.
  const [name = '', namespace = ''] = host.split('.');
  const address = await openService(kubernetes, { namespace, name, port: Number(port) });
  return connectRaw(connection, address);
}

async function openStore(kubernetes: Kubernetes): Promise<PlainStore> {
  const { service, port } = tiers.minio;
  const credentials = await secret(kubernetes, 'minio-credentials');
  const opened = { namespace: storageNamespace, name: service, port };
  return connectPlainStore({
    address: await openService(kubernetes, opened),
    servername: hostOf(service),
    ca: await authorityOfTiers(kubernetes),
    accessKey: credentials('access-key'),
    secretKey: credentials('secret-key'),
  });
}

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

async function authorityOfTiers(kubernetes: Kubernetes): Promise<string> {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: storageNamespace };
  const found = await kubernetes.get<ConfigMap>({ ...ref, name: 'selvedge-ca' });
  return found?.data?.['ca.crt'] ?? '';
}

async function secret(kubernetes: Kubernetes, name: string): Promise<(key: string) => string> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace: storageNamespace, name };
  const found = await kubernetes.get<ConfigMap>(ref);
  return (key) => Buffer.from(found?.data?.[key] ?? '', 'base64').toString();
}

/** Made when it is first asked for. */
function once<T>(make: () => Promise<T>) {
  let made: Promise<T> | undefined;
  return {
    get: () => (made ??= make()),
    /** What was made, if it was. */
    opened: async () => made?.catch(() => undefined),
  };
}
