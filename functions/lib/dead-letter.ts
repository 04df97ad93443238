/**
 * Dead letters: events that no subscriber took. `failover` keeps each as a ConfigMap, the command line
 * lists them and sends them again. This file is what the two agree upon.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { KubernetesObject } from './kubernetes/client.ts';

/** Where the function `failover` takes dead letters: the path of every `deadLetterSink`. */
export const deadLetterPath = '/dead-letters';

/** On every dead letter. */
const labels = { 'selvedge.dev/dead-letter': 'true' };

/** Picks the dead letters of all ConfigMaps. */
export const deadLetterSelector = 'selvedge.dev/dead-letter=true';

const prefix = 'dead-letter-';

const deadLetter = z.object({
  /** The event as it was sent, in structured mode. */
  event: z.looseObject({ id: z.string(), source: z.string(), type: z.string() }),
  /** Who should have taken it; Knative's own Brokers do not tell of one that did not answer. */
  subscriber: z.string().optional(),
  /** The status that it answered with, and the beginning of what it said. */
  code: z.string().optional(),
  answer: z.string().optional(),
  /** How many bytes of data it had, where they were too many to be kept. */
  dataLeftOut: z.coerce.number().optional(),
});
export type DeadLetter = z.infer<typeof deadLetter>;

/** A dead letter as it lies there. */
export interface KeptLetter extends DeadLetter {
  /** What people call it by, and the ConfigMap. */
  id: string;
  name: string;
  uid: string | undefined;
  arrived: string | undefined;
}

export type LetterMap = KubernetesObject & { immutable: true; data: Record<string, string> };

/** Where they are, among others: `deadLetterSelector` picks them. */
export const lettersOf = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace,
});

/** The ConfigMap that keeps a letter. The same event not taken by the same subscriber has the same name. */
export function toConfigMap({ event, ...why }: DeadLetter, namespace: string): LetterMap {
  const identity = JSON.stringify([event.source, event.id, why.subscriber ?? '']);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  const told = Object.entries(why).filter(([, value]) => value !== undefined);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace,
      name: prefix + hash,
      labels: { ...labels, 'app.kubernetes.io/part-of': 'selvedge' },
    },
    immutable: true,
    data: {
      event: JSON.stringify(event),
      ...Object.fromEntries(told.map(([key, value]) => [key, String(value)])),
    },
  };
}

/** @throws Error when the ConfigMap holds none */
export function fromConfigMap({
  metadata,
  data,
}: KubernetesObject & { data?: object }): KeptLetter {
  const { name, uid, creationTimestamp } = metadata;
  const { event, ...why } = { event: '', ...data };
  const letter = deadLetter.safeParse({ ...why, event: jsonOf(event) });
  if (!letter.success) throw new Error(`the ConfigMap ${name} is no dead letter: delete it`);
  const id = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return { ...letter.data, id, name, uid, arrived: creationTimestamp };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
