import type { KubernetesObject } from '../nodes/kubectl.ts';

interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  resources?: { limits?: { memory?: string } };
  readinessProbe?: object;
  lifecycle?: object | undefined;
}

interface Workload extends KubernetesObject {
  spec: {
    replicas?: number;
    strategy?: object;
    template: { spec: { containers: Container[]; terminationGracePeriodSeconds?: number } };
  };
}

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

/** Parts of the release that nothing here uses: their commands are not built. */
const unused = /^(job-sink|request-reply)/;

/** Autoscalers need a metrics server; one replica of each has no budget; the image is on the nodes without a cache. */
const dropped = new Set(['HorizontalPodAutoscaler', 'PodDisruptionBudget', 'Image']);

/** What upstream leaves to whoever installs it, by the name of the ConfigMap. */
const settings: Record<string, Record<string, string>> = {
  'config-domain': { 'selvedge.local': '' },
  'config-network': { 'ingress-class': 'kourier.ingress.networking.knative.dev' },
  'config-kourier': { 'enable-service-access-logging': 'false' },
  'config-autoscaler': { 'allow-zero-initial-scale': 'true' },
  'config-deployment': {
    'queue-sidecar-cpu-request': '10m',
    'queue-sidecar-memory-request': '32Mi',
    'queue-sidecar-memory-limit': '128Mi',
  },
  'config-features': {
    'kubernetes.podspec-fieldref': 'enabled',
    'kubernetes.podspec-securitycontext': 'enabled',
    'kubernetes.podspec-affinity': 'enabled',
    'kubernetes.podspec-topologyspreadconstraints': 'enabled',
    'secure-pod-defaults': 'enabled',
  },
};

/** Whether the object of the release is installed at all. */
export function isUsed(object: KubernetesObject): boolean {
  const workload = ['Deployment', 'StatefulSet', 'Service'].includes(object.kind);
  return !dropped.has(object.kind) && !(workload && unused.test(object.metadata.name));
}

/**
 * Makes an object of Knative's release fit a machine of two cores: one replica, small requests, no limit of
 * processor time; with our settings and our images.
 * @param image gives the image for a `ko://` reference
 */
export function fit(
  object: KubernetesObject,
  image: (reference: string) => string,
): KubernetesObject {
  const fitted = replaceReferences(object, image) as KubernetesObject;
  if (fitted.kind === 'ConfigMap') return configure(fitted);
  if (fitted.kind === 'Deployment') return shrink(fitted as Workload);
  if (fitted.kind === 'Service' && fitted.metadata.name === 'kourier') return internal(fitted);
  return fitted;
}

function replaceReferences(value: unknown, image: (reference: string) => string): unknown {
  if (typeof value === 'string') return value.startsWith('ko://') ? image(value) : value;
  if (Array.isArray(value)) return value.map((item) => replaceReferences(item, image));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaceReferences(item, image)]),
  );
}

/** The examples of a release's ConfigMaps are longer than all that is set. */
function configure(object: ConfigMap): ConfigMap {
  const { _example, ...data } = object.data ?? {};
  return { ...object, data: { ...data, ...settings[object.metadata.name] } };
}

function shrink(object: Workload): Workload {
  const { spec } = object;
  const pod = spec.template.spec;
  const containers = pod.containers.map((container) => ({
    ...container,
    resources: {
      requests: { cpu: '10m', memory: '48Mi' },
      limits: { memory: container.resources?.limits?.memory ?? '1000Mi' },
    },
    // Asked soon and often: a start waits for it.
    ...(container.readinessProbe === undefined
      ? {}
      : {
          readinessProbe: { ...container.readinessProbe, initialDelaySeconds: 1, periodSeconds: 2 },
        }),
    // Uses a shell and curl, which our images have not.
    lifecycle: undefined,
  }));
  const template = { ...spec.template, spec: { ...pod, containers } };
  const replicas = Math.min(spec.replicas ?? 1, 1);
  return { ...object, spec: { ...spec, replicas, template } };
}

/** Nobody gives out load balancers here. */
function internal(service: KubernetesObject): KubernetesObject {
  return { ...service, spec: { ...(service['spec'] as object), type: 'ClusterIP' } };
}
