/** Conditions of a network, by Kubernetes' conventions. */
import type { NetworkStatus } from '../lib/network/status.ts';

export type Condition = NonNullable<NetworkStatus['conditions']>[number];

/** When a condition is observed, and what it was before. */
export interface Moment {
  generation: number;
  /** As it was when the pass began. */
  previous: NetworkStatus | undefined;
  /** As it was written last, in this pass or an earlier one: conditions keep their times. */
  written?: NetworkStatus | undefined;
  now: Date;
}

/** A condition that says the same as before keeps the time it began to. */
export function condition(
  { previous, written, generation, now }: Moment,
  type: string,
  holds: boolean | undefined,
  reason: string,
  message: string,
): Condition {
  const status = holds === undefined ? 'Unknown' : holds ? 'True' : 'False';
  const before = (written ?? previous)?.conditions?.find((one) => one.type === type);
  const lastTransitionTime =
    before?.status === status
      ? before.lastTransitionTime
      : now.toISOString().replace(/\.\d+Z$/, 'Z');
  return { type, status, reason, message, lastTransitionTime, observedGeneration: generation };
}

/** The conditions of these types, as they were. */
export function kept(previous: NetworkStatus | undefined, types: readonly string[]): Condition[] {
  return previous?.conditions?.filter(({ type }) => types.includes(type)) ?? [];
}
