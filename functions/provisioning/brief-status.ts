/** The status of a network that no pass works on: refused, queued, or on its way out. */
import type { NetworkStatus } from '../lib/network/status.ts';
import { condition, kept, type Moment } from './condition.ts';
import type { Fault } from './fault.ts';

/** The status of a network whose spec is refused; what was known of it stays. */
export function refusedStatus(observed: Moment, { reason, message }: Fault): NetworkStatus {
  const { generation, previous } = observed;
  return {
    ...previous,
    observedGeneration: generation,
    phase: previous?.timings?.['total'] === undefined ? 'Pending' : 'Degraded',
    conditions: [
      condition(observed, 'Ready', false, reason, message),
      ...kept(previous, ['Announced']),
    ],
  };
}

/** The first status of a network: it was seen, and others are before it. */
export function queuedStatus(observed: Moment): NetworkStatus {
  const { generation } = observed;
  const message = 'waits for its turn: other networks are being worked on';
  return {
    observedGeneration: generation,
    phase: 'Progressing',
    conditions: [condition(observed, 'Ready', false, 'Queued', message)],
  };
}

/**
 * The status of a network on its way out.
 *
 * @param left what does not go yet
 */
export function deletingStatus(
  observed: Moment,
  left = 'everything made for it goes',
): NetworkStatus {
  const { generation } = observed;
  return {
    observedGeneration: generation,
    phase: 'Deleting',
    conditions: [condition(observed, 'Ready', false, 'Deleting', left)],
  };
}
