/** Tells what was done and why: a Kubernetes Event, CloudEvents and a metric. */
import { randomUUID } from 'node:crypto';
import type { Broker } from '../lib/function/broker.ts';
import { resultEvent } from '../lib/events.ts';
import type { Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import { failoverActions } from '../lib/function/metrics.ts';
import type { Action } from './checks/check.ts';
import { nameOf, referenceOf, type Reference } from './targets.ts';

/** Of a Kubernetes Event: the check that spoke. */
export const checkLabel = 'selvedge.dev/check';

export type Outcome = 'succeeded' | 'failed';

export interface Recorder {
  started(action: Action): Promise<void>;
  completed(action: Action, outcome: Outcome, detail?: string): Promise<void>;
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

export interface RecorderOptions {
  kubernetes: Kubernetes;
  broker: Broker;
  /** Where the function is. */
  namespace: string;
  log: Logger;
}

/** A record that cannot be written is logged and stops nothing: healing goes before telling. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { kubernetes, broker, namespace, log } = options;
  const attempt = async (what: string, work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      log.warn({ error }, `could not record: ${what}`);
    }
  };
  const source = `/namespaces/${namespace}/failover`;

  const note = async (due: Action, outcome: Outcome, detail?: string): Promise<void> => {
    const about = referenceOf(due.target);
    if (!about) return;
    const { action, check, reason } = due;
    const because = `${action} ${outcome}, because ${reason} (check ${check})`;
    const message = detail === undefined ? because : `${because}: ${detail}`;
    const type = outcome === 'succeeded' ? 'Normal' : 'Warning';
    const event = kubernetesEvent(about, { reason: 'Failover', action, message, type });
    event.metadata.labels = { [checkLabel]: check };
    await kubernetes.create(event);
  };

  return {
    async started(due) {
      const told = tell(due);
      log.info(told, 'failover started');
      const event = resultEvent('dev.selvedge.failover.started.v1', source, told.target, told);
      await attempt(event.type, broker.send(event));
    },

    async completed(due, outcome, detail) {
      const told = { ...tell(due), outcome };
      const { check, action, target } = told;
      log.info({ ...told, detail }, 'failover completed');
      failoverActions.inc({ check, action, outcome });
      const event = resultEvent('dev.selvedge.failover.completed.v1', source, target, told);
      await Promise.all([
        attempt(event.type, broker.send(event)),
        attempt('a Kubernetes Event', note(due, outcome, detail)),
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

/** What all records of a decision say alike. */
function tell({ check, action, target, reason }: Action) {
  return { check, action, target: nameOf(target), kind: target.kind, reason };
}

/** Events of what has no namespace lie where Kubernetes wants them: in `default`. */
function kubernetesEvent(
  involvedObject: Reference,
  what: { reason: string; action: string; message: string; type: string },
): KubernetesObject {
  const now = new Date().toISOString();
  const { namespace = 'default', name } = involvedObject;
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
