import { installFunctions, installTiers } from '../cli/install.ts';
import { runSample, type SampleResult } from '../cli/sample.ts';
import { withLock } from '../lib/lock.ts';
import { componentNames } from '../cluster/components/build.ts';
import * as catalog from '../cluster/images/catalog.ts';
import { ImageStore, leaveNoMounts, type Image } from '../cluster/images/store.ts';
import { kubectlLink } from '../cluster/nodes/kubectl.ts';
import { planBuild, planCluster } from '../cluster/plan.ts';
import { installPackages, missingPackages } from '../cluster/machine/packages.ts';
import { gather, problems } from '../cluster/machine/preflight.ts';
import { Plan, type Progress, type Step } from '../lib/progress.ts';
import {
  checkout,
  clusterLock,
  gateway,
  kubeconfig,
  registry,
  state,
} from '../cluster/settings.ts';

export interface UpOptions {
  signal: AbortSignal;
  /** Leaves out the sample network and its data. */
  sample?: boolean;
}

/** A line for whoever watches. */
export const say = (line: string): void => console.log(line);

/** Preflight said no: each of its sentences is a reason. */
export class NotPossible extends Error {}

/**
 * Brings up the local cluster with Selvedge and its sample, or what of it is not up.
 * @returns what the sample gave, if it was run
 * @throws NotPossible before anything is changed; StepError when a step fails
 */
export async function up({ signal, sample = true }: UpOptions): Promise<SampleResult | undefined> {
  const said = problems(await gather(componentNames));
  if (said.length > 0) throw new NotPossible(said.join('\n'));
  return withLock(
    clusterLock,
    { what: `a start in ${checkout}`, signal, onWait: say },
    async () => {
      const plan = new Plan(signal);
      const result = planAll(plan, sample);
      try {
        await plan.show();
        return await result?.result;
      } finally {
        await leaveNoMounts();
      }
    },
  );
}

function planAll(plan: Plan, sample: boolean): Step<SampleResult> | undefined {
  const store = new ImageStore({ registry, tls: false }, plan.signal);
  const prepared = plan.step('System packages', [], async (_, progress) =>
    installPackages(await missingPackages(), progress, plan.signal),
  );
  const cluster = planCluster(plan, store, prepared);
  const images = planImages(plan, store, prepared, cluster.registry);
  const target = { kubeconfig, kubectl: kubectlLink, state, signal: plan.signal };
  const tiers = plan.step(
    'Storage tiers',
    [images.tiers, cluster.nodes],
    ([references], onProgress) => installTiers({ ...target, images: references, onProgress }),
  );
  const functions = plan.step(
    'Functions',
    [images.functions, tiers, cluster.knative],
    ([references], onProgress) => installFunctions({ ...target, images: references, onProgress }),
  );
  if (!sample) return undefined;
  return plan.step('Sample network and data', [functions], (_, onProgress) =>
    runSample({ kubeconfig, gateway: gatewayAddress, onProgress }),
  );
}

/** References of images by the names that manifests give them. */
type References = Record<string, string>;

/** The images of Selvedge, each built as soon as what goes into it is there. */
export function planImages(
  plan: Plan,
  store: ImageStore,
  prepared: Step<unknown>,
  registryReady: Step<unknown>,
): { tiers: Step<References>; functions: Step<References> } {
  const provide = async (images: readonly Image[], progress: Progress): Promise<References> => {
    const references = images.map(async (image): Promise<[string, string]> => {
      const said = (line: string): void => progress(`${image.name}: ${line}`);
      return [image.name, await store.provide(image, said)];
    });
    return Object.fromEntries(await Promise.all(references));
  };
  const builds = (['vault', 'minio'] as const).map((name) => planBuild(plan, name, prepared));
  const tiers = plan.step(
    'Images of the storage tiers',
    [registryReady, ...builds],
    (_, progress) =>
      provide([...catalog.tiers, catalog.setup, catalog.glusterfs, catalog.rabbitmq], progress),
  );
  const own = plan.step('Images of the functions', [registryReady], (_, progress) =>
    provide(catalog.functions, progress),
  );
  const topology = plan.step('Image of the topology operator', [registryReady], (_, progress) =>
    provide([catalog.rabbitmqTopology], progress),
  );
  const fabric = plan.step(
    'Images of Fabric',
    [registryReady, planBuild(plan, 'fabric', prepared)],
    (_, progress) => provide(catalog.fabric, progress),
  );
  const functions = plan.join([own, topology, fabric], ([first, second, third]) => ({
    ...first,
    ...second,
    ...third,
  }));
  return { tiers, functions };
}

export const gatewayAddress = `http://${gateway.address}:${gateway.port}`;
