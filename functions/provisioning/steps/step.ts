import type { Pass } from '../pass.ts';

/** How a step ended: it holds now, or it waits for something outside, told in words. */
export type Outcome = { waitingFor?: string };

export const done: Outcome = {};

/** Done unless something is missing; `missing` completes the sentence "waiting for …". */
export function unless(missing: readonly string[]): Outcome {
  return missing.length === 0 ? done : { waitingFor: [...new Set(missing)].join(', ') };
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
