import type { KubernetesObject } from '../nodes/kubectl.ts';

interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  resources?: { limits?: { memory?: string } };
  startupProbe?: object;
  readinessProbe?: object;
  livenessProbe?: object;
  lifecycle?: object | undefined;
}

interface Workload extends KubernetesObject {
  spec: {
    replicas?: number;
    strategy?: object;
    selector?: { matchLabels?: Record<string, string> };
    template: {
      spec: {
        containers: Container[];
        terminationGracePeriodSeconds?: number;
        topologySpreadConstraints?: object[];
      };
    };
  };
}

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

/** Parts of the release that nothing here uses: their commands are not built. */
const unused = /^(job-sink|request-reply)/;

/** Autoscalers need a metrics server; budgets are ours (`budget`); the image is on the nodes without a cache. */
const dropped = new Set(['HorizontalPodAutoscaler', 'PodDisruptionBudget', 'Image']);

/** What a request passes, or a pod that a function wakes in: two of each, on two nodes. */
const twice = new Set([
  '3scale-kourier-gateway',
  'net-kourier-controller',
  'activator',
  'autoscaler',
  'controller',
  'webhook',
  'eventing-webhook',
]);

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

/**
 * What serves requests is taken over from a controller that is lost within seconds, as Kubernetes' own. What makes
 * Brokers and Triggers has upstream's minute: each of its two dozen leases is written to etcd as often as it is renewed.
 */
const serving: typeof settings = {
  'config-leader-election': {
    'lease-duration': '15s',
    'renew-deadline': '10s',
    'retry-period': '3s',
  },
};

/** Whether the object of the release is installed at all. */
export function isUsed(object: KubernetesObject): boolean {
  const workload = ['Deployment', 'StatefulSet', 'Service'].includes(object.kind);
  return !dropped.has(object.kind) && !(workload && unused.test(object.metadata.name));
}

/**
 * Makes an object of Knative's release fit a machine of two cores: no more replicas than it takes to lose a node,
 * small requests, no limit of processor time; with our settings and our images.
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
  const { name, namespace } = object.metadata;
  const ours = { ...settings[name], ...(namespace === 'knative-serving' && serving[name]) };
  return { ...object, data: { ...data, ...ours } };
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
    ...probes(container),
    // Uses a shell and curl, which our images have not.
    lifecycle: undefined,
  }));
  const spread = isTwice(object) ? { topologySpreadConstraints: [overNodes(spec.selector)] } : {};
  const template = { ...spec.template, spec: { ...pod, containers, ...spread } };
  const replicas = isTwice(object) ? 2 : Math.min(spec.replicas ?? 1, 1);
  return { ...object, spec: { ...spec, replicas, template } };
}

function isTwice({ kind, metadata }: KubernetesObject): boolean {
  return kind === 'Deployment' && twice.has(metadata.name);
}

/** On a node that is lost none is counted, so that a successor finds its place. */
function overNodes(labelSelector: object | undefined): object {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    nodeTaintsPolicy: 'Honor',
    matchLabelKeys: ['pod-template-hash'],
    labelSelector,
  };
}

/** A busy machine answers late, and a restart makes it busier. A start waits for the first answer, nobody for later ones. */
function probes({ readinessProbe, livenessProbe }: Container): Partial<Container> {
  const patient = { timeoutSeconds: 5 };
  const begun = { ...readinessProbe, ...patient, initialDelaySeconds: 1, periodSeconds: 1 };
  return {
    ...(readinessProbe && {
      startupProbe: { ...begun, failureThreshold: 120 },
      readinessProbe: { ...readinessProbe, ...patient, initialDelaySeconds: 0, periodSeconds: 5 },
    }),
    ...(livenessProbe && { livenessProbe: { ...livenessProbe, ...patient, periodSeconds: 10 } }),
  };
}

/** Of what is there twice, one stays while nodes are drained: a PodDisruptionBudget for it, or nothing. */
export function budget(object: KubernetesObject): KubernetesObject[] {
  if (!isTwice(object)) return [];
  const { name, namespace } = object.metadata;
  const selector = (object as Workload).spec.selector;
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, ...(namespace && { namespace }) },
      spec: { maxUnavailable: 1, selector },
    },
  ];
}

/** Nobody gives out load balancers here. */
function internal(service: KubernetesObject): KubernetesObject {
  return { ...service, spec: { ...(service['spec'] as object), type: 'ClusterIP' } };
}
