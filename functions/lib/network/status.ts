/** The status of a network, by Kubernetes' conventions for conditions. */
import { z } from 'zod';

const member = z.object({
  name: z.string().describe('Its name, that of its pod.'),
  organization: z.string().describe('The organization that runs it.'),
  node: z.string().optional().describe('The node it runs on.'),
  ready: z.boolean().describe('Whether it serves.'),
});

const placement = z.object({
  organization: z.string().describe('The organization; one that runs none is not listed.'),
  orderers: z.int().describe('How many orderers it runs.'),
});

const condition = z.object({
  type: z.string().describe('What it is about: `Ready`, or a step of the network’s making.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().describe('Why, in one word for programs.'),
  message: z.string().describe('Why, for people: what is in the way and the way out.'),
  lastTransitionTime: z.string().describe('When `status` changed last (RFC 3339).'),
  observedGeneration: z.int().optional().describe('The generation of the spec that it is about.'),
});

const runningChaincode = z.object({
  name: z.string().describe('Its name on the channel.'),
  pod: z.string().optional().describe('The pod it runs in.'),
  node: z.string().optional().describe('The node it runs on: that of its peer.'),
  ready: z.boolean().describe('Whether it serves.'),
});

export const networkStatus = z.object({
  observedGeneration: z.int().optional().describe('The generation of the spec that was seen.'),
  phase: z
    .enum(['Pending', 'Progressing', 'Ready', 'Degraded', 'Deleting'])
    .optional()
    .describe('All conditions in one word.'),
  namespace: z.string().optional().describe('The namespace of its own, where all of it runs.'),
  placement: z
    .array(placement)
    .optional()
    .describe('Which organization runs how many orderers: decided once, and kept from then on.'),
  conditions: z
    .array(condition)
    .optional()
    .describe('What holds of the network and of each step of its making.'),
  ready: z
    .object({
      orderers: z.string().describe('Ready orderers of all, as `2/3`.'),
      peers: z.string().describe('Ready peers of all, as `4/4`.'),
    })
    .optional()
    .describe('How many members serve.'),
  orderers: z.array(member).optional().describe('Each orderer.'),
  peers: z
    .array(
      member.extend({
        chaincodes: z.array(runningChaincode).optional().describe('The chaincodes beside it.'),
      }),
    )
    .optional()
    .describe('Each peer.'),
  timings: z
    .record(z.string(), z.number())
    .optional()
    .describe('Seconds each step took until the network was ready; `total` from its creation.'),
});
export type NetworkStatus = z.infer<typeof networkStatus>;
export type Placement = z.infer<typeof placement>[];
