import { join } from 'node:path';

import { install } from '../cli/install.ts';
import { runSample, type SampleResult } from '../cli/sample.ts';
import { withLock } from '../cluster/components/build-process.ts';
import type { ComponentName } from '../cluster/components/build.ts';
import * as catalog from '../cluster/images/catalog.ts';
import { ImageStore, leaveNoMounts, type Image } from '../cluster/images/store.ts';
import { kubectlLink } from '../cluster/nodes/kubectl.ts';
import { planBuild, planCluster } from '../cluster/plan.ts';
import { installPackages, missingPackages } from '../cluster/machine/packages.ts';
import { gather, problems } from '../cluster/machine/preflight.ts';
import { Plan, type Step } from '../lib/progress.ts';
import { cache, gateway, kubeconfig, registry, state } from '../cluster/settings.ts';

const components: ComponentName[] = [
  'kubernetes',
  'etcd',
  'knative',
  'coredns',
  'local-path-provisioner',
  'fabric',
  'vault',
  'minio',
];

export interface UpOptions {
  signal: AbortSignal;
  /** Leaves out the sample network and its data. */
  sample?: boolean;
}

/** Preflight said no: each of its sentences is a reason. */
export class NotPossible extends Error {}

/**
 * Brings up the local cluster with Selvedge and its sample, or what of it is not up.
 * @returns what the sample gave, if it was run
 * @throws NotPossible before anything is changed; StepError when a step fails
 */
export async function up({ signal, sample = true }: UpOptions): Promise<SampleResult | undefined> {
  const said = problems(await gather(components));
  if (said.length > 0) throw new NotPossible(said.join('\n'));
  return withLock(join(cache, 'cluster.lock'), signal, async () => {
    const plan = new Plan(signal);
    const result = planAll(plan, sample);
    try {
      await plan.show();
      return await result?.result;
    } finally {
      await leaveNoMounts();
    }
  });
}

function planAll(plan: Plan, sample: boolean): Step<SampleResult> | undefined {
  const store = new ImageStore({ registry, tls: false }, plan.signal);
  const prepared = plan.step('System packages', [], async (_, progress) =>
    installPackages(await missingPackages(), progress, plan.signal),
  );
  const cluster = planCluster(plan, store, prepared);
  const images = planImages(plan, store, prepared, cluster.registry);
  const installed = plan.step('Selvedge', [images, cluster.ready], ([references], onProgress) =>
    install({
      kubeconfig,
      kubectl: kubectlLink,
      images: references,
      state,
      onProgress,
      signal: plan.signal,
    }),
  );
  if (!sample) return undefined;
  return plan.step('Sample network and data', [installed], (_, onProgress) =>
    runSample({ kubeconfig, gateway: gatewayAddress, onProgress }),
  );
}

/** The images of Selvedge by the names that manifests give them. */
export function planImages(
  plan: Plan,
  store: ImageStore,
  prepared: Step<unknown>,
  registryReady: Step<unknown>,
): Step<Record<string, string>> {
  const builds = (['fabric', 'vault', 'minio', 'etcd'] as const).map((name) =>
    name === 'etcd' ? prepared : planBuild(plan, name, prepared),
  );
  return plan.step('Images of Selvedge', [registryReady, ...builds], async (_, progress) => {
    const all: Image[] = [...catalog.functions, ...catalog.tiers, ...catalog.fabric];
    const references = all.map(async (image): Promise<[string, string]> => {
      const said = (line: string): void => progress(`${image.name}: ${line}`);
      return [image.name, await store.provide(image, said)];
    });
    return Object.fromEntries(await Promise.all(references));
  });
}

export const gatewayAddress = `http://${gateway.address}:${gateway.port}`;
