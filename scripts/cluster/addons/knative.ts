import { knativeBinary } from '../components/build.ts';
import { knativeImage, envoy } from '../images/catalog.ts';
import type { Image, ImageStore } from '../images/store.ts';
import { budget, fit, isUsed } from './knative-fit.ts';
import { apply, kubectl, rolledOut, type KubernetesObject } from '../nodes/kubectl.ts';
import { moduleFolder, readManifests } from './manifests.ts';

type Progress = (line: string) => void;

/** Files and folders of manifests, by the module whose source holds them. */
type Manifests = Record<string, string[]>;

const release: Manifests = {
  'knative.dev/serving': ['config/core'],
  'knative.dev/networking': ['config'],
  'knative.dev/caching': ['config'],
  'knative.dev/net-kourier': ['config'],
  'knative.dev/eventing': ['config/core', 'third_party/eventing-integrations-latest'],
};

const broker: Manifests = {
  // Without the webhook, which refuses what nobody here asks for.
  'knative.dev/eventing-rabbitmq': [
    'config/broker/200-rabbitmq-broker-binding.yaml',
    'config/broker/200-rabbitmq-broker-clusterrole.yaml',
    'config/broker/300-rabbitmqbrokerconfig.yaml',
    'config/broker/500-broker-controller.yaml',
  ],
  // The kinds that the Broker asks for; who makes them is beside the Broker (knative/base/broker).
  'github.com/rabbitmq/messaging-topology-operator': [
    'config/crd/bases/rabbitmq.com_bindings.yaml',
    'config/crd/bases/rabbitmq.com_exchanges.yaml',
    'config/crd/bases/rabbitmq.com_policies.yaml',
    'config/crd/bases/rabbitmq.com_queues.yaml',
  ],
};

/** What runs for Serving, Kourier and Eventing; the adapter of PingSources starts with the first of them. */
const workloads: Record<string, string[]> = {
  'knative-serving': ['activator', 'autoscaler', 'controller', 'webhook', 'net-kourier-controller'],
  'kourier-system': ['3scale-kourier-gateway'],
  'knative-eventing': ['eventing-controller', 'eventing-webhook', 'rabbitmq-broker-controller'],
};

/** The images of Knative's commands, by the `ko://` reference that stands for each. */
export type KnativeImages = Map<string, string>;

/** Reads the release's objects as we install them, but for their images. */
export async function knativeManifests(): Promise<KubernetesObject[]> {
  const objects = await read({ ...release, ...broker });
  const fences = await readManifests(import.meta.dirname, ['policies.yaml']);
  const used = objects.filter(isUsed);
  return [...used, ...used.flatMap(budget), ...fences];
}

/** Of these those of the Broker on RabbitMQ, which a cluster with Knative lacks. */
export async function brokerManifests(): Promise<KubernetesObject[]> {
  return read(broker);
}

async function read(manifests: Manifests): Promise<KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const [module, paths] of Object.entries(manifests))
    objects.push(...(await readManifests(await moduleFolder(module), paths)));
  return objects;
}

/** Makes sure that the registry has the images which the objects name. */
export async function knativeImages(
  objects: KubernetesObject[],
  store: ImageStore,
  progress: Progress,
): Promise<KnativeImages> {
  const text = JSON.stringify(objects);
  const named = text.match(/ko:\/\/[\w./-]+/g) ?? [];
  const images = new Map<string, Image>(upstreamEnvoy.test(text) ? [['envoy', envoy]] : []);
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
  progress('applying the manifests');
  for (const stage of inStages(fitAll(objects, images))) await apply(stage, signal);
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

/** The objects with our images, as {@link fit} has them. */
export function fitAll(objects: KubernetesObject[], images: KnativeImages): KubernetesObject[] {
  // What is named but not built is optional, and never started.
  const image = (reference: string): string => images.get(reference) ?? 'not.built/here';
  return objects.map((object) => fit(useEnvoy(object, images.get('envoy') ?? ''), image));
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
const upstreamEnvoy = /docker\.io\/envoyproxy\/envoy:[\w.-]+/;

function useEnvoy(object: KubernetesObject, image: string): KubernetesObject {
  const text = JSON.stringify(object).replaceAll(new RegExp(upstreamEnvoy, 'g'), image);
  return JSON.parse(text) as KubernetesObject;
}
