/** Kubernetes Events: what a function says to people beside the object that it is about. */
import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from './client.ts';

/** What an Event is about (`involvedObject`). */
export interface Reference {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
}

export interface Told {
  /** Why, in one word for programs. */
  reason: string;
  /** What was done or tried. */
  action: string;
  message: string;
  type: 'Normal' | 'Warning';
}

/** Kubernetes' bound for the message. */
const mostLetters = 1024;

/**
 * An Event to be created, of `component`, e.g. `failover`. Events about what has no namespace lie
 * where Kubernetes wants them: in `default`.
 */
export function eventAbout(
  involvedObject: Reference,
  component: string,
  { message, ...told }: Told,
): KubernetesObject {
  const now = new Date().toISOString();
  const { namespace = 'default', name } = involvedObject;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: `${name}.${randomUUID()}` },
    ...{ ...told, message: message.slice(0, mostLetters) },
    ...{ involvedObject, firstTimestamp: now, lastTimestamp: now, count: 1 },
    ...{ source: { component: `selvedge-${component}` } },
    ...{ reportingComponent: `selvedge.dev/${component}`, reportingInstance: component },
  };
}
