import test from 'ava';

import { budget, fit, isUsed } from '../../../../scripts/cluster/addons/knative-fit.ts';
import { inStages } from '../../../../scripts/cluster/addons/knative.ts';
import type { KubernetesObject } from '../../../../scripts/cluster/nodes/kubectl.ts';
import { parseManifest } from '../../../../scripts/cluster/addons/manifests.ts';

const object = (kind: string, name = 'x', rest: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...rest,
});

const deployment = object('Deployment', 'eventing-controller', {
  spec: {
    replicas: 3,
    template: {
      spec: {
        containers: [
          {
            name: 'controller',
            image: 'ko://knative.dev/serving/cmd/controller',
            env: [{ name: 'OTHER_IMAGE', value: 'ko://knative.dev/serving/cmd/queue' }],
            resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '500Mi' } },
            readinessProbe: { initialDelaySeconds: 10, httpGet: { port: 80 } },
            lifecycle: { preStop: {} },
          },
        ],
      },
    },
  },
});
const image = (reference: string): string => reference.replace('ko://knative.dev', 'registry');

test('images are ours, wherever they are named', (t) => {
  const text = JSON.stringify(fit(deployment, image));
  t.true(text.includes('"image":"registry/serving/cmd/controller"'));
  t.true(text.includes('"value":"registry/serving/cmd/queue"'));
  t.false(text.includes('ko://'));
});

test('a Deployment asks for little and has no limit of processor time', (t) => {
  const { spec } = fit(deployment, image) as unknown as {
    spec: { replicas: number; template: { spec: { containers: Record<string, unknown>[] } } };
  };
  t.is(spec.replicas, 1);
  const [container] = spec.template.spec.containers;
  t.deepEqual(container!['resources'], {
    requests: { cpu: '10m', memory: '48Mi' },
    limits: { memory: '500Mi' },
  });
  t.is(container!['lifecycle'], undefined);
});

test('a Deployment is asked every second until it is up, and less often from then on', (t) => {
  const { spec } = fit(deployment, image) as unknown as {
    spec: { template: { spec: { containers: Record<string, { periodSeconds: number }>[] } } };
  };
  const [container] = spec.template.spec.containers;
  const { startupProbe, readinessProbe } = container!;
  t.like(startupProbe, { httpGet: { port: 80 }, initialDelaySeconds: 1, periodSeconds: 1 });
  t.like(readinessProbe, { httpGet: { port: 80 }, initialDelaySeconds: 0, periodSeconds: 5 });
});

test('what serves requests is taken over within seconds; what makes Triggers takes its time', (t) => {
  const leases = (namespace: string): object =>
    fit(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'config-leader-election', namespace },
        data: { _example: 'long', 'lease-duration': '60s' },
      },
      image,
    )['data'] as object;
  t.like(leases('knative-serving'), { 'lease-duration': '15s', 'retry-period': '3s' });
  t.deepEqual(leases('knative-eventing'), { 'lease-duration': '60s' });
});

test('what a request passes is there twice, on two nodes, and one stays while a node is drained', (t) => {
  const selector = { matchLabels: { app: 'activator' } };
  const activator = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'activator', namespace: 'knative-serving' },
    spec: { replicas: 1, selector, template: { spec: { containers: [] } } },
  };
  const { replicas, template } = fit(activator, image)['spec'] as {
    replicas: number;
    template: { spec: { topologySpreadConstraints: object[] } };
  };
  t.is(replicas, 2);
  t.like(template.spec.topologySpreadConstraints[0], {
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: selector,
  });
  const [kept] = budget(activator);
  t.like(kept, { kind: 'PodDisruptionBudget', spec: { maxUnavailable: 1, selector } });
  t.deepEqual(budget({ ...activator, metadata: { name: 'eventing-controller' } }), []);
});

test('what starts with none stays with none', (t) => {
  const idle = object('Deployment', 'pingsource-mt-adapter', {
    spec: { replicas: 0, template: { spec: { containers: [] } } },
  });
  t.is((fit(idle, image)['spec'] as { replicas: number }).replicas, 0);
});

test('examples of ConfigMaps are left out and our settings put in', (t) => {
  const map = object('ConfigMap', 'config-network', { data: { _example: 'long', other: 'kept' } });
  t.deepEqual(fit(map, image)['data'], {
    other: 'kept',
    'ingress-class': 'kourier.ingress.networking.knative.dev',
  });
});

const used: [string, string, boolean][] = [
  ['Deployment', 'eventing-controller', true],
  ['Deployment', 'job-sink', false],
  ['Service', 'job-sink', false],
  ['StatefulSet', 'request-reply', false],
  ['ClusterRole', 'job-sink', true],
  ['HorizontalPodAutoscaler', 'activator', false],
  ['PodDisruptionBudget', 'activator-pdb', false],
];
for (const [kind, name, is] of used) {
  test(`the ${kind} ${name} is ${is ? '' : 'not '}installed`, (t) => {
    t.is(isUsed(object(kind, name)), is);
  });
}

test('namespaces and resource definitions come first, webhooks last', (t) => {
  const stages = inStages([
    object('ValidatingWebhookConfiguration'),
    object('Deployment'),
    object('CustomResourceDefinition'),
    object('Namespace'),
  ]);
  t.deepEqual(
    stages.map((stage) => stage.map(({ kind }) => kind)),
    [['CustomResourceDefinition', 'Namespace'], ['Deployment'], ['ValidatingWebhookConfiguration']],
  );
});

test('manifests are read as kubectl reads them: YAML 1.1, empty documents skipped', (t) => {
  const [first, ...more] = parseManifest(
    '---\n# only a comment\n---\nkind: A\nmode: 0644\non: yes\n',
  );
  t.deepEqual(first as unknown, { kind: 'A', mode: 420, true: true });
  t.is(more.length, 0);
});
