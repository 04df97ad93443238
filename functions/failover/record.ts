/** Tells what was done and why: a Kubernetes Event, CloudEvents and a metric. */
import { randomUUID } from 'node:crypto';
import type { Broker } from '../lib/function/broker.ts';
import { resultEvent } from '../lib/events.ts';
import type { Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import { failoverActions } from '../lib/function/metrics.ts';
import type { Decision } from './checks.ts';

export type Outcome = 'succeeded' | 'failed';

export interface Recorder {
  started(decision: Decision): Promise<void>;
  completed(decision: Decision, outcome: Outcome, detail?: string): Promise<void>;
  /** An event that no subscriber took. */
  deadLetter(letter: DeadLetter): Promise<void>;
}

export interface DeadLetter {
  type: string;
  source: string;
  id: string;
  /** Who should have taken it, and the status it answered. */
  destination: string;
  code: string;
}

/** The subject of a Kubernetes Event. */
interface Involved {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid?: string;
}

export interface RecorderOptions {
  kubernetes: Kubernetes;
  broker: Broker;
  /** Where the function is, and where the tiers are. */
  namespace: string;
  storageNamespace: string;
  log: Logger;
}

/** A record that cannot be written is logged and stops nothing: healing goes before telling. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { kubernetes, broker, namespace, storageNamespace, log } = options;
  const attempt = async (what: string, work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      log.warn({ error }, `could not record: ${what}`);
    }
  };
  const source = `/namespaces/${namespace}/failover`;

  return {
    async started({ action, target, reason }) {
      log.info({ action, target: target.pod, reason }, 'failover started');
      const data = { action, target: target.pod, reason };
      const event = resultEvent('dev.selvedge.failover.started.v1', source, target.pod, data);
      await attempt(event.type, broker.send(event));
    },

    async completed({ action, target, reason }, outcome, detail) {
      log.info({ action, target: target.pod, reason, outcome, detail }, 'failover completed');
      failoverActions.inc({ action, outcome });
      const data = { action, target: target.pod, reason, outcome };
      const event = resultEvent('dev.selvedge.failover.completed.v1', source, target.pod, data);
      const { pod: name, uid } = target;
      const pod = { apiVersion: 'v1', kind: 'Pod', namespace: storageNamespace, name, uid };
      const message = `${action} ${outcome}, because ${reason}${detail ? `: ${detail}` : ''}`;
      const type = outcome === 'succeeded' ? 'Normal' : 'Warning';
      const note = kubernetesEvent(pod, { reason: 'Failover', action, message, type });
      await Promise.all([
        attempt(event.type, broker.send(event)),
        attempt('a Kubernetes Event', kubernetes.create(note)),
      ]);
    },

    async deadLetter(letter) {
      log.error({ letter }, 'an event was taken by nobody');
      const { type, id, source: from, destination, code } = letter;
      const message = `${type} ${id} of ${from} was not taken by ${destination} (${code})`;
      const of = {
        apiVersion: 'eventing.knative.dev/v1',
        kind: 'Broker',
        namespace,
        name: 'default',
      };
      const what = { reason: 'DeadLetter', action: 'deliver', message, type: 'Warning' };
      await attempt('a Kubernetes Event', kubernetes.create(kubernetesEvent(of, what)));
    },
  };
}

function kubernetesEvent(
  involvedObject: Involved,
  what: { reason: string; action: string; message: string; type: string },
): KubernetesObject {
  const now = new Date().toISOString();
  const { namespace, name } = involvedObject;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: `${name}.${randomUUID()}` },
    ...{ ...what, message: what.message.slice(0, 1024) },
    ...{ involvedObject, firstTimestamp: now, lastTimestamp: now, count: 1 },
    ...{ source: { component: 'selvedge-failover' } },
    ...{ reportingComponent: 'selvedge.dev/failover', reportingInstance: 'failover' },
  };
}
