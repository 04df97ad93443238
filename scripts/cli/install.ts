import { randomBytes } from 'node:crypto';
import { until } from '../../functions/lib/until.ts';
import type { Kubernetes, KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { provideCertificates, secret, secretRef, type Secret } from './certificates.ts';
import { usersNamespace } from './token.ts';
import { writeOverlay } from './overlay.ts';
import { preflight } from './preflight.ts';
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
  const { images, onProgress = () => undefined, signal, timeoutMs = 600_000 } = options;
  const target = connectTarget(options);
  await preflight(target.kubernetes);
  onProgress('certificates and credentials');
  const renewed = await provideSecrets(target.kubernetes);
  onProgress('applying the manifests');
  await applyManifests(target, options);
  if (renewed.includes('vault-tls')) await restart(target, 'vault');
  const job = await startSetup(target.kubernetes, images['setup']);
  try {
    await waitForAll(target.kubernetes, { namespace, job, timeoutMs, onProgress, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = await describeFailures(target, { namespace, job });
    throw new Error([(error as Error).message, ...why].join('\n'), { cause: error });
  }
}

/** @returns the names of certificates that were renewed */
async function provideSecrets(kubernetes: Kubernetes): Promise<string[]> {
  for (const name of [namespace, usersNamespace]) {
    const ref = { apiVersion: 'v1', kind: 'Namespace', name };
    if (!(await kubernetes.get(ref))) await kubernetes.create(namespaceObject(name));
  }
  const random = (): string => randomBytes(24).toString('base64url');
  await provideSecret(kubernetes, 'minio-credentials', () => ({
    'access-key': random(),
    'secret-key': random(),
  }));
  // The setup fills it: it may change this Secret and make none.
  await provideSecret(kubernetes, 'vault-unseal', () => ({}));
  return provideCertificates(kubernetes, namespace);
}

/** Makes a Secret that is not there; one that is there keeps what it holds. */
async function provideSecret(
  kubernetes: Kubernetes,
  name: string,
  content: () => Record<string, string>,
): Promise<void> {
  if (await kubernetes.get<Secret>(secretRef(namespace, name))) return;
  await kubernetes.create(secret(namespace, name, { stringData: content() }));
}

function namespaceObject(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Webhooks of Knative may still be starting, so an attempt that fails is made again for a while. */
async function applyManifests(target: Target, options: InstallOptions): Promise<void> {
  const { state, overlay = 'local', images, signal } = options;
  const folder = await writeOverlay({ state, overlay, images });
  const how = ['--server-side', '--force-conflicts', '--field-manager=selvedge'];
  const timeoutMs = 120_000;
  await until({ what: 'the manifests to be taken', timeoutMs, firstMs: 1000, signal }, async () => {
    await target.kubectl(['apply', ...how, '--kustomize', folder], { timeout: 90_000, signal });
    return true;
  });
}

/** Vault alone reads its certificate only when it starts; failover unseals what is restarted. */
async function restart(target: Target, tier: string): Promise<void> {
  await target.kubectl(['rollout', 'restart', `statefulset/${tier}`, '--namespace', namespace]);
}

/** @returns the name of the Job */
async function startSetup(kubernetes: Kubernetes, image = 'selvedge/setup'): Promise<string> {
  const job = setupJob(namespace, image);
  const selector = `app.kubernetes.io/name=${setupLabels['app.kubernetes.io/name']}`;
  const of = { apiVersion: 'batch/v1', kind: 'Job', namespace };
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
