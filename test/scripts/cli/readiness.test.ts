import test from 'ava';
import { readiness, type Readiness, type Workload } from '../../../scripts/cli/readiness.ts';
import { reasonOf } from '../../../scripts/cli/wait.ts';

const object = (kind: string, status: Workload['status'], replicas = 3): Workload => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', generation: 2 },
  spec: { replicas },
  ...(status && { status: { observedGeneration: 2, ...status } }),
});
const condition = (type: string, status: string, more = {}) => ({
  conditions: [{ type, status, ...more }],
});

const table: Record<string, [Workload, Readiness]> = {
  'a StatefulSet with all replicas ready': [
    object('StatefulSet', { replicas: 3, readyReplicas: 3, updatedReplicas: 3 }),
    { ready: true, detail: '3 of 3' },
  ],
  'a StatefulSet whose new version runs in two of three': [
    object('StatefulSet', { replicas: 3, readyReplicas: 3, updatedReplicas: 2 }),
    { ready: false, detail: '2 of 3' },
  ],
  'a Deployment whose new pods are made while old ones still serve': [
    object('Deployment', { replicas: 4, readyReplicas: 3, updatedReplicas: 3 }),
    { ready: false, detail: '2 of 3' },
  ],
  'a Deployment whose new pods are ready and one old is left': [
    object('Deployment', { replicas: 4, readyReplicas: 4, updatedReplicas: 3 }),
    { ready: false, detail: '3 of 3' },
  ],
  'a DaemonSet that is ready on every node': [
    object('DaemonSet', { desiredNumberScheduled: 3, numberReady: 3, updatedNumberScheduled: 3 }),
    { ready: true, detail: '3 of 3' },
  ],
  'a DaemonSet whose new version runs on two of three': [
    object('DaemonSet', { desiredNumberScheduled: 3, numberReady: 3, updatedNumberScheduled: 2 }),
    { ready: false, detail: '2 of 3' },
  ],
  'a DaemonSet that no node has yet': [object('DaemonSet', {}), { ready: false, detail: '0 of 0' }],
  'a Deployment nobody has looked at yet': [
    object('Deployment', undefined),
    { ready: false, detail: 'not seen yet' },
  ],
  'a StatefulSet whose last change was not seen yet': [
    object('StatefulSet', { observedGeneration: 1, readyReplicas: 3, updatedReplicas: 3 }),
    { ready: false, detail: 'not seen yet' },
  ],
  'a Knative Service that is ready': [
    object('Service', condition('Ready', 'True')),
    { ready: true, detail: 'ready' },
  ],
  'a Knative Service that says why not': [
    object('Service', condition('Ready', 'Unknown', { reason: 'RevisionMissing' })),
    { ready: false, detail: 'RevisionMissing' },
  ],
  'a Trigger without conditions': [object('Trigger', {}), { ready: false, detail: 'starting' }],
  'a Job that runs': [object('Job', {}), { ready: false, detail: 'running' }],
  'a Job that is done': [
    object('Job', condition('Complete', 'True')),
    { ready: true, detail: 'done' },
  ],
  'a Job that gave up': [
    object('Job', condition('Failed', 'True', { message: 'too often' })),
    { ready: false, failed: true, detail: 'too often' },
  ],
};

for (const [sentence, [workload, expected]] of Object.entries(table)) {
  test(sentence, (t) => t.deepEqual(readiness(workload), expected));
}

const pod = (status: Parameters<typeof reasonOf>[0]['status']) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x' },
  ...(status && { status }),
});
const pods: Record<string, [ReturnType<typeof pod>, string | undefined]> = {
  'a pod that runs needs no reason': [
    pod({ containerStatuses: [{ ready: true, state: {} }] }),
    undefined,
  ],
  'a pod whose image cannot be pulled says so': [
    pod({
      containerStatuses: [
        { ready: false, state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } },
      ],
    }),
    'ErrImagePull: not found',
  ],
  'a pod without a node gives the scheduler’s words': [
    pod({ conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes' }] }),
    '0/3 nodes',
  ],
  'a pod that restarted and is not ready names its last end': [
    pod({
      containerStatuses: [
        { ready: false, state: {}, lastState: { terminated: { reason: 'OOMKilled' } } },
      ],
    }),
    'OOMKilled',
  ],
};

for (const [sentence, [of, reason]] of Object.entries(pods)) {
  test(sentence, (t) => t.is(reasonOf(of), reason));
}
