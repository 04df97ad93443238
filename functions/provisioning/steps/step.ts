import type { Fault } from '../fault.ts';
import type { Pass } from '../pass.ts';

/** How a step ended: it holds now, or it waits for something outside, told in words. */
export interface Outcome {
  waitingFor?: string;
  /** Nothing tells when that is there: the pass is to be repeated. */
  retry?: boolean;
  /** What will not mend by itself, and the way out; what comes after goes on. */
  broken?: Fault;
  /** What people should know although the step holds. */
  note?: string;
}

export const done: Outcome = {};

/**
 * Done unless something is missing; the names complete the sentence "waiting for …".
 *
 * @param missing what comes with an event of its workload, which wakes the next pass
 * @param silent what is there and did not answer: no event tells when it does
 */
export function unless(missing: readonly string[], silent: readonly string[] = []): Outcome {
  const all = new Set([...missing, ...silent]);
  if (all.size === 0) return done;
  return { waitingFor: [...all].join(', '), ...(silent.length > 0 && { retry: true }) };
}

/**
 * A part of the network's story. Idempotent: it looks at what is there and does what is missing.
 * What it throws ends it and what comes `after` it; waiting does not, so that every step that can
 * advance does.
 */
export interface Step {
  name: string;
  after: readonly string[];
  run(pass: Pass): Promise<Outcome>;
}
