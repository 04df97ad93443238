/** Tells what was done and why: a Kubernetes Event, CloudEvents, a metric, and conditions of networks. */
import type { Broker } from '../lib/function/broker.ts';
import type { DeadLetter } from '../lib/dead-letter.ts';
import { resultEvent } from '../lib/events.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import { eventAbout } from '../lib/kubernetes/event.ts';
import type { Logger } from '../lib/log.ts';
import { failoverActions } from '../lib/function/metrics.ts';
import type { Action, Alarm } from './checks/check.ts';
import { stand } from './conditions.ts';
import { nameOf, referenceOf } from './targets.ts';

/** Of a Kubernetes Event: the check that spoke. */
export const checkLabel = 'selvedge.dev/check';

export type Outcome = 'succeeded' | 'failed';

export interface Recorder {
  started(action: Action): Promise<void>;
  completed(action: Action, outcome: Outcome, detail?: string): Promise<void>;
  /** Something is wrong that this function does nothing about. */
  alarmed(alarm: Alarm): Promise<void>;
  /** An event that no subscriber took is kept under a name. */
  kept(letter: DeadLetter, name: string): Promise<void>;
  /** A letter went because there are too many. */
  dropped(name: string, most: number): Promise<void>;
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

  const note = async (due: Action | Alarm, outcome: Outcome, message: string): Promise<void> => {
    const about = referenceOf(due.target);
    if (!about) return;
    const { action, check } = due;
    const type = outcome === 'succeeded' ? 'Normal' : 'Warning';
    const event = eventAbout(about, 'failover', { reason: 'Failover', action, message, type });
    event.metadata.labels = { [checkLabel]: check };
    await kubernetes.create(event);
  };

  const end = async (due: Action | Alarm, outcome: Outcome, message: string): Promise<void> => {
    const told = { ...tell(due), outcome };
    const { check, action, target } = told;
    failoverActions.inc({ check, action, outcome });
    const event = resultEvent('dev.selvedge.failover.completed.v1', source, target, told);
    await Promise.all([
      attempt(event.type, broker.send(event)),
      attempt('a Kubernetes Event', note(due, outcome, message)),
    ]);
  };

  const noteLetter = async (action: string, message: string): Promise<void> => {
    const about = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', namespace };
    const what = { reason: 'DeadLetter', action, message, type: 'Warning' } as const;
    const event = eventAbout({ ...about, name: 'default' }, 'failover', what);
    await attempt('a Kubernetes Event', kubernetes.create(event));
  };

  return {
    async started(due) {
      const told = tell(due);
      log.info(told, 'failover started');
      const event = resultEvent('dev.selvedge.failover.started.v1', source, told.target, told);
      await attempt(event.type, broker.send(event));
    },

    async completed(due, outcome, detail) {
      log.info({ ...tell(due), outcome, detail }, 'failover completed');
      const { action, reason, check } = due;
      const because = `${action} ${outcome}, because ${reason} (check ${check})`;
      const message = detail === undefined ? because : `${because}: ${detail}`;
      const standing =
        'node' in due &&
        stand(kubernetes, namespace, { action: due, outcome, message, now: new Date() });
      await Promise.all([
        end(due, outcome, message),
        standing && attempt('a condition of a network', standing),
      ]);
    },

    async alarmed(alarm) {
      log.error(tell(alarm), 'failover does nothing');
      await end(alarm, 'failed', `nothing was done: ${alarm.reason} (check ${alarm.check})`);
    },

    async kept({ event, subscriber = 'its subscriber', code }, name) {
      const { type, id, source: from } = event;
      log.error({ type, id, source: from, subscriber, code, name }, 'an event was taken by nobody');
      const why = `was not taken by ${subscriber} (${code ?? 'no answer'})`;
      await noteLetter('deliver', `${type} ${id} of ${from} ${why}; it is kept as ${name}`);
    },

    async dropped(name, most) {
      log.error({ name, most }, 'a dead letter was dropped');
      await noteLetter('drop', `${name} was dropped: it was the oldest of more than ${most}`);
    },
  };
}

/** What all records of a decision say alike. */
function tell({ check, action, target, reason }: Action | Alarm) {
  return { check, action, target: nameOf(target), kind: target.kind, reason };
}
