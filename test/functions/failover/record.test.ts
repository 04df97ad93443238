import test from 'ava';
import type { CloudEvent } from 'cloudevents';
import type { Action } from '../../../functions/failover/checks/check.ts';
import { createRecorder } from '../../../functions/failover/record.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { registry } from '../../../functions/lib/function/metrics.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const log = createLogger('test');
log.level = 'silent';
const decision: Action = {
  check: 'vault-sealed',
  action: 'unseal',
  target: {
    kind: 'member',
    tier: 'vault',
    namespace: 'selvedge-storage',
    pod: 'vault-1',
    uid: 'u1',
  },
  reason: 'it is sealed (restarts: 1)',
};
const told = {
  check: 'vault-sealed',
  action: 'unseal',
  target: 'vault-1',
  kind: 'member',
  reason: decision.reason,
};

test('an action is told as a Kubernetes Event, two CloudEvents and a metric', async (t) => {
  const cluster = new FakeObjects();
  const sent: CloudEvent<unknown>[] = [];
  const broker = { send: (event: CloudEvent<unknown>) => Promise.resolve(void sent.push(event)) };
  const recorder = createRecorder({
    kubernetes: cluster.edge,
    broker,
    namespace: 'selvedge',
    log,
  });
  await recorder.started(decision);
  await recorder.completed(decision, 'succeeded');
  t.deepEqual(
    sent.map(({ type, subject, data }) => ({ type, subject, data })),
    [
      {
        type: 'dev.selvedge.failover.started.v1',
        subject: 'vault-1',
        data: told,
      },
      {
        type: 'dev.selvedge.failover.completed.v1',
        subject: 'vault-1',
        data: { ...told, outcome: 'succeeded' },
      },
    ],
  );
  t.like([...cluster.objects.values()][0], {
    kind: 'Event',
    reason: 'Failover',
    action: 'unseal',
    type: 'Normal',
    message: 'unseal succeeded, because it is sealed (restarts: 1) (check vault-sealed)',
    metadata: {
      namespace: 'selvedge-storage',
      labels: { 'selvedge.dev/check': 'vault-sealed' },
    },
    involvedObject: { kind: 'Pod', name: 'vault-1', uid: 'u1' },
  });
  const labels = 'check="vault-sealed",action="unseal",outcome="succeeded"';
  const line = `selvedge_failover_actions_total{${labels}} 1`;
  t.true((await registry.metrics()).includes(line));
});

test('telling fails silently: healing goes before it', async (t) => {
  const cluster = new FakeObjects();
  const broker = { send: () => Promise.reject(new Unavailable('the Broker does not answer')) };
  const recorder = createRecorder({
    kubernetes: cluster.edge,
    broker,
    namespace: 'selvedge',
    log,
  });
  await t.notThrowsAsync(recorder.started(decision));
  await t.notThrowsAsync(recorder.completed(decision, 'failed', 'no keys'));
  t.like([...cluster.objects.values()][0], { type: 'Warning' });
});

test('an alarm is told like an action, as one that failed', async (t) => {
  const cluster = new FakeObjects();
  const sent: CloudEvent<unknown>[] = [];
  const broker = { send: (event: CloudEvent<unknown>) => Promise.resolve(void sent.push(event)) };
  const recorder = createRecorder({ kubernetes: cluster.edge, broker, namespace: 'selvedge', log });
  const target = { kind: 'node', name: 'node-3', uid: 'n' } as const;
  const reason = 'most other nodes are not well either';
  await recorder.alarmed({ check: 'node-lost', action: 'alarm', target, reason });
  t.like(sent[0], {
    type: 'dev.selvedge.failover.completed.v1',
    data: { check: 'node-lost', action: 'alarm', kind: 'node', outcome: 'failed', reason },
  });
  t.like([...cluster.objects.values()][0], {
    type: 'Warning',
    message: `nothing was done: ${reason} (check node-lost)`,
    metadata: { namespace: 'default' },
    involvedObject: { kind: 'Node', name: 'node-3' },
  });
  const labels = 'check="node-lost",action="alarm",outcome="failed"';
  t.true((await registry.metrics()).includes(`selvedge_failover_actions_total{${labels}} 1`));
});

test('a letter that is kept and one that is dropped are told at the Broker', async (t) => {
  const cluster = new FakeObjects();
  const broker = { send: () => Promise.resolve() };
  const recorder = createRecorder({ kubernetes: cluster.edge, broker, namespace: 'selvedge', log });
  const event = { type: 'dev.selvedge.data.stored.v1', id: '1', source: '/test' };
  await recorder.kept({ event, subscriber: 'http://s/', code: '500' }, 'dead-letter-1');
  await recorder.kept({ event }, 'dead-letter-2');
  await recorder.dropped('dead-letter-0', 500);
  const told = [...cluster.objects.values()] as (KubernetesObject & { message: string })[];
  for (const one of told) {
    t.like(one, { reason: 'DeadLetter', type: 'Warning', involvedObject: { kind: 'Broker' } });
  }
  const what = 'dev.selvedge.data.stored.v1 1 of /test was not taken by';
  t.deepEqual(
    told.map(({ message }) => message),
    [
      `${what} http://s/ (500); it is kept as dead-letter-1`,
      `${what} its subscriber (no answer); it is kept as dead-letter-2`,
      'dead-letter-0 was dropped: it was the oldest of more than 500',
    ],
  );
});
