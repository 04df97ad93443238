import test from 'ava';
import type { CloudEvent } from 'cloudevents';
import type { Decision } from '../../../functions/failover/checks.ts';
import { createRecorder } from '../../../functions/failover/record.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { registry } from '../../../functions/lib/function/metrics.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const log = createLogger('test');
log.level = 'silent';
const target = {
  pod: 'vault-1',
  uid: 'u1',
  tier: 'vault',
  running: true,
  ready: false,
  restarts: 1,
};
const decision: Decision = { action: 'unseal', target, reason: 'it is sealed (restarts: 1)' };

test('an action is told as a Kubernetes Event, two CloudEvents and a metric', async (t) => {
  const cluster = new FakeObjects();
  const sent: CloudEvent<unknown>[] = [];
  const broker = { send: (event: CloudEvent<unknown>) => Promise.resolve(void sent.push(event)) };
  const recorder = createRecorder({
    kubernetes: cluster.edge,
    broker,
    namespace: 'selvedge',
    storageNamespace: 'selvedge-storage',
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
        data: { action: 'unseal', target: 'vault-1', reason: decision.reason },
      },
      {
        type: 'dev.selvedge.failover.completed.v1',
        subject: 'vault-1',
        data: {
          action: 'unseal',
          target: 'vault-1',
          reason: decision.reason,
          outcome: 'succeeded',
        },
      },
    ],
  );
  t.like([...cluster.objects.values()][0], {
    kind: 'Event',
    reason: 'Failover',
    action: 'unseal',
    type: 'Normal',
    message: 'unseal succeeded, because it is sealed (restarts: 1)',
    involvedObject: { kind: 'Pod', name: 'vault-1', uid: 'u1' },
  });
  const line = 'selvedge_failover_actions_total{action="unseal",outcome="succeeded"} 1';
  t.true((await registry.metrics()).includes(line));
});

test('telling fails silently: healing goes before it', async (t) => {
  const cluster = new FakeObjects();
  const broker = { send: () => Promise.reject(new Unavailable('the Broker does not answer')) };
  const recorder = createRecorder({
    kubernetes: cluster.edge,
    broker,
    namespace: 'selvedge',
    storageNamespace: 'selvedge-storage',
    log,
  });
  await t.notThrowsAsync(recorder.started(decision));
  await t.notThrowsAsync(recorder.completed(decision, 'failed', 'no keys'));
  t.like([...cluster.objects.values()][0], { type: 'Warning' });
});
