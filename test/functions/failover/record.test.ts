import test from 'ava';
import type { CloudEvent } from 'cloudevents';
import type { Action } from '../../../functions/failover/checks/check.ts';
import { createRecorder } from '../../../functions/failover/record.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
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
