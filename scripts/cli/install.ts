import { randomBytes } from 'node:crypto';
import {
  dataUsers,
  storageNamespace,
  storeSecret,
  volumesNamespace,
} from '../../functions/lib/tiers.ts';
import { until } from '../../functions/lib/until.ts';
import type { Kubernetes, KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { provideCertificates, secret, secretRef, type Secret } from './certificates.ts';
import { usersNamespace } from './token.ts';
import { writeOverlay } from './overlay.ts';
import { preflight } from './preflight.ts';
import { provideConnection } from './rabbitmq.ts';
import { setupJob, setupLabels } from './setup-job.ts';
import { connectTarget, type Target, type TargetOptions } from './target.ts';
import { describeFailures, waitForAll } from './wait.ts';

export interface InstallOptions extends TargetOptions {
  /** Pullable references by the name in manifests: `{ gateway: '10.89.0.1:5000/selvedge/gateway:1f…' }`. */
  images: Record<string, string>;
  /** Folder for what is generated, e.g. `.selvedge`. */
  state: string;
  /** A folder of `knative/overlays`; `local` when left out. */
  overlay?: string;
  onProgress?: (line: string) => void;
  signal?: AbortSignal | undefined;
  /** Milliseconds until everything must be ready. */
  timeoutMs?: number;
}

const namespace = 'selvedge';

/**
 * Brings a cluster with Knative to the state that the manifests say, and waits until all of it is
 * ready: secrets, storage tiers, functions, gateway. What is there already stays.
 *
 * @throws Error naming what the cluster lacks, before anything is changed; or what did not become
 *   ready, and why
 */
export async function install(options: InstallOptions): Promise<void> {
  await preflight(connectTarget(options).kubernetes);
  await installTiers(options);
  await installFunctions(options);
}

/** The part that needs no Knative: namespaces, secrets, the definition of networks, the storage tiers, ledgers' volumes. */
export async function installTiers(options: InstallOptions): Promise<void> {
  const { images, onProgress = () => undefined } = options;
  const target = connectTarget(options);
  onProgress('certificates and credentials');
  const renewed = await provideSecrets(target.kubernetes);
  onProgress('applying the manifests');
  await applyManifests(target, 'tiers', options);
  if (renewed.includes('vault-tls')) await restart(target, 'vault');
  const job = await startSetup(target.kubernetes, images['setup']);
  await ready(target, options, { namespace: storageNamespace, job });
  await ready(target, options, { namespace: volumesNamespace });
}

/** The part that needs Knative and the tiers: the functions and all that wakes them. */
export async function installFunctions(options: InstallOptions): Promise<void> {
  const { onProgress = () => undefined } = options;
  const target = connectTarget(options);
  onProgress('applying the manifests');
  await applyManifests(target, 'functions', options);
  await ready(target, options, { namespace });
}

/** @throws Error that says what is not ready, and why */
async function ready(
  target: Target,
  { onProgress = () => undefined, signal, timeoutMs = 600_000 }: InstallOptions,
  what: { namespace: string; job?: string },
): Promise<void> {
  try {
    await waitForAll(target.kubernetes, { ...what, timeoutMs, onProgress, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = await describeFailures(target, what);
    throw new Error([(error as Error).message, ...why].join('\n'), { cause: error });
  }
}

/** @returns the names of certificates that were renewed */
async function provideSecrets(kubernetes: Kubernetes): Promise<string[]> {
  for (const name of [namespace, storageNamespace, usersNamespace]) {
    const ref = { apiVersion: 'v1', kind: 'Namespace', name };
    if (!(await kubernetes.get(ref))) await kubernetes.create(namespaceObject(name));
  }
  // The account that may do everything in the object store: the tier's own, and the setup's.
  await provideSecret(kubernetes, storageNamespace, 'minio-credentials', {
    'access-key': random(),
    'secret-key': random(),
  });
  for (const user of dataUsers) {
    const fresh = { 'access-key': user, 'secret-key': random() };
    const made = await provideSecret(kubernetes, storageNamespace, storeSecret(user), fresh);
    await provideSecret(kubernetes, namespace, storeSecret(user), made);
  }
  // What members of RabbitMQ know each other by, and what the Broker opens it with.
  const broker = await provideSecret(kubernetes, storageNamespace, 'rabbitmq-credentials', {
    username: 'knative',
    password: random(),
    cookie: random(),
  });
  // The setup fills it: it may change this Secret and make none.
  await provideSecret(kubernetes, storageNamespace, 'vault-unseal', {});
  const renewed = await provideCertificates(kubernetes, namespace);
  await provideConnection(kubernetes, namespace, broker);
  return renewed;
}

const random = (): string => randomBytes(24).toString('base64url');

/** Makes a Secret that is not there; one that is there keeps what it holds. @returns what it holds */
async function provideSecret(
  kubernetes: Kubernetes,
  where: string,
  name: string,
  content: Record<string, string>,
): Promise<Record<string, string>> {
  const known = await kubernetes.get<Secret>(secretRef(where, name));
  if (!known) {
    await kubernetes.create(secret(where, name, { stringData: content }));
    return content;
  }
  const decode = (value: string): string => Buffer.from(value, 'base64').toString();
  return Object.fromEntries(
    Object.entries(known.data ?? {}).map(([key, value]) => [key, decode(value)]),
  );
}

function namespaceObject(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Webhooks of Knative may still be starting, so an attempt that fails is made again for a while. */
async function applyManifests(
  target: Target,
  part: 'tiers' | 'functions',
  options: InstallOptions,
): Promise<void> {
  const { state, overlay = 'local', images, signal } = options;
  const folder = await writeOverlay({ state, overlay, part, images });
  const how = ['--server-side', '--force-conflicts', '--field-manager=selvedge'];
  const timeoutMs = 120_000;
  await until({ what: 'the manifests to be taken', timeoutMs, firstMs: 1000, signal }, async () => {
    await target.kubectl(['apply', ...how, '--kustomize', folder], { timeout: 90_000, signal });
    return true;
  });
}

/** Vault alone reads its certificate only when it starts; failover unseals what is restarted. */
async function restart(target: Target, tier: string): Promise<void> {
  const workload = `statefulset/${tier}`;
  await target.kubectl(['rollout', 'restart', workload, '--namespace', storageNamespace]);
}

/** @returns the name of the Job */
async function startSetup(kubernetes: Kubernetes, image = 'selvedge/setup'): Promise<string> {
  const job = setupJob(namespace, image);
  const selector = `app.kubernetes.io/name=${setupLabels['app.kubernetes.io/name']}`;
  const of = { apiVersion: 'batch/v1', kind: 'Job', namespace: storageNamespace };
  const all = await kubernetes.list<FinishedJob>(of, selector);
  const stale = all.filter(
    (one) => one.metadata.name !== job.metadata.name || hasFailed(one.status?.conditions),
  );
  for (const { metadata } of stale) await kubernetes.remove({ ...of, name: metadata.name });
  await until({ what: 'earlier setup Jobs to go', timeoutMs: 60_000 }, async () => {
    const left = await kubernetes.list(of, selector);
    return stale.every(({ metadata }) => left.every((one) => one.metadata.uid !== metadata.uid));
  });
  if (all.length === stale.length) await kubernetes.create(job);
  return job.metadata.name;
}

interface FinishedJob extends KubernetesObject {
  status?: { conditions?: { type: string; status: string }[] };
}

function hasFailed(conditions: { type: string; status: string }[] = []): boolean {
  return conditions.some(({ type, status }) => type === 'Failed' && status === 'True');
}
