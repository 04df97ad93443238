import { knativeBinary } from '../components/build.ts';
import { knativeImage, envoy } from '../images/catalog.ts';
import type { Image, ImageStore } from '../images/store.ts';
import { budget, fit, isUsed } from './knative-fit.ts';
import { apply, kubectl, rolledOut, type KubernetesObject } from '../nodes/kubectl.ts';
import { moduleFolder, readManifests } from './manifests.ts';

type Progress = (line: string) => void;

/** The release's manifests, by the module whose source holds them. */
const manifests: Record<string, string[]> = {
  'knative.dev/serving': ['config/core'],
  'knative.dev/networking': ['config'],
  'knative.dev/caching': ['config'],
  'knative.dev/net-kourier': ['config'],
  'knative.dev/eventing': [
    'config/core',
    'config/brokers/mt-channel-broker',
    'config/channels/in-memory-channel',
    'third_party/eventing-integrations-latest',
  ],
};

/** What runs for Serving, Kourier and Eventing; the adapter of PingSources starts with the first of them. */
const workloads: Record<string, string[]> = {
  'knative-serving': ['activator', 'autoscaler', 'controller', 'webhook', 'net-kourier-controller'],
  'kourier-system': ['3scale-kourier-gateway'],
  'knative-eventing': [
    'eventing-controller',
    'eventing-webhook',
    'imc-controller',
    'imc-dispatcher',
    'mt-broker-controller',
    'mt-broker-filter',
    'mt-broker-ingress',
  ],
};

/** The images of Knative's commands, by the `ko://` reference that stands for each. */
export type KnativeImages = Map<string, string>;

/** Reads the release's objects as we install them, but for their images. */
export async function knativeManifests(): Promise<KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const [module, paths] of Object.entries(manifests))
    objects.push(...(await readManifests(await moduleFolder(module), paths)));
  const fences = await readManifests(import.meta.dirname, ['policies.yaml']);
  const used = objects.filter(isUsed);
  return [...used, ...used.flatMap(budget), ...fences];
}

/** Makes sure that the registry has the images which the objects name. */
export async function knativeImages(
  objects: KubernetesObject[],
  store: ImageStore,
  progress: Progress,
): Promise<KnativeImages> {
  const named = JSON.stringify(objects).match(/ko:\/\/[\w./-]+/g) ?? [];
  const images = new Map<string, Image>([['envoy', envoy]]);
  for (const reference of named) {
    const binary = knativeBinary(reference);
    if (binary !== undefined) images.set(reference, knativeImage(binary));
  }
  const references = [...images].map(async ([name, image]): Promise<[string, string]> => {
    const said = (line: string): void => progress(`${image.name}: ${line}`);
    return [name, await store.provide(image, said)];
  });
  return new Map(await Promise.all(references));
}

/** Installs Serving, Kourier and Eventing, and waits until they run. */
export async function installKnative(
  objects: KubernetesObject[],
  images: KnativeImages,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  // What is named but not built is optional, and never started.
  const image = (reference: string): string => images.get(reference) ?? 'not.built/here';
  const fitted = objects.map((object) => fit(useEnvoy(object, images.get('envoy') ?? ''), image));
  progress('applying the manifests');
  for (const stage of inStages(fitted)) await apply(stage, signal);
  progress('waiting for the custom resources');
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'], {
    signal,
  });
  for (const [namespace, names] of Object.entries(workloads)) {
    for (const name of names) {
      progress(`waiting for ${namespace}/${name}`);
      await rolledOut(namespace, `deployment/${name}`, { signal });
    }
  }
}

/** In three parts: what others need, what is configured and run, and the webhooks, which refuse all until they run. */
export function inStages(objects: KubernetesObject[]): KubernetesObject[][] {
  const stage = ({ kind }: KubernetesObject): number => {
    if (kind === 'Namespace' || kind === 'CustomResourceDefinition') return 0;
    return kind.endsWith('WebhookConfiguration') ? 2 : 1;
  };
  return [0, 1, 2].map((number) => objects.filter((object) => stage(object) === number));
}

/** Upstream names Envoy's own image; the gateway is the only one to. */
function useEnvoy(object: KubernetesObject, image: string): KubernetesObject {
  const text = JSON.stringify(object).replaceAll(/docker\.io\/envoyproxy\/envoy:[\w.-]+/g, image);
  return JSON.parse(text) as KubernetesObject;
}
