/** What subscribers are told of networks, and of what keeps them up. */
import { z } from 'zod';
import { objectName } from './shape.ts';

/** The data of an event of a network. */
export const networkState = z.object({
  namespace: z.string(),
  network: objectName,
  generation: z.number().int(),
  phase: z.string(),
  message: z.string().optional(),
});

/** The data of an event of what `failover` does. */
export const failoverAction = z.object({
  /** The name of the check that found the reason. */
  check: z.string(),
  action: z.string(),
  /** What it was done to, by name, and of which kind that is. */
  target: z.string(),
  kind: z.enum(['pod', 'member', 'node', 'network', 'cluster']),
  reason: z.string(),
  outcome: z.enum(['succeeded', 'failed']).optional(),
});
