/**
 * What a network may say, field by field. Limits on counts and lengths keep Kubernetes' cost budget
 * for validation rules.
 */
import { z } from 'zod';

const dnsLabel = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and -');

/** The name of a network, short enough that every name derived from it stays a DNS label. */
export const objectName = dnsLabel(24);

/** An organization's short name, used in the names of its pods. */
export const organizationName = dnsLabel(16);

/**
 * Fabric's rule for channel names (begins with a letter; letters, digits, `.` and `-`), and that of
 * Kubernetes, whose objects are named after channels: each part ends with a letter or digit.
 */
const channelName = z
  .string()
  .min(1)
  .max(48)
  .regex(
    /^[a-z]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    'must begin with a letter; lower-case letters, digits, and between them . and -',
  );

const chaincodeName = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/, 'must be letters and digits, separated by - or _');

export const organization = z.object({
  name: organizationName.describe('Its short name, part of the names of its pods.'),
  mspId: z
    .string()
    .min(1)
    .max(32)
    .regex(/^[A-Za-z][A-Za-z0-9.-]*$/, 'must begin with a letter; letters, digits, . and -')
    .describe('The id of its membership service provider, as signature policies name it.'),
  peers: z.int().min(1).max(8).default(1).describe('How many peers it runs.'),
  cluster: dnsLabel(63).optional().describe('The cluster it runs in; this one when left out.'),
});

export const chaincode = z.object({
  name: chaincodeName.describe('Its name on the channel.'),
  version: z
    .string()
    .min(1)
    .max(32)
    .regex(/^[A-Za-z0-9]+([-+._][A-Za-z0-9]+)*$/)
    .describe('Its version: new content is taken up when this changes, and only then.'),
  builtin: z
    .enum(['anchor'])
    .optional()
    .describe('A chaincode that comes with Selvedge: `anchor` keeps index and digest of data.'),
  image: z
    .string()
    .max(512)
    .regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/, 'must name an image by digest')
    .optional()
    .describe('An OCI image by digest, whose program connects to the peer.'),
  source: z
    .object({
      configMap: z
        .string()
        .min(1)
        .max(253)
        .describe('The ConfigMap, in the namespace of the network’s resource.'),
    })
    .optional()
    .describe('JavaScript source, run in Selvedge’s runtime image.'),
  endorsement: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe(
      "Who must endorse, as a signature policy: `OR('FarmMSP.peer','ShopMSP.peer')`. A majority of the channel's organizations when left out.",
    ),
});

export const channel = z.object({
  name: channelName.describe('Its name, unique among the channels.'),
  organizations: z
    .array(organizationName)
    .min(1)
    .max(16)
    .describe('The names of the organizations whose peers are members.'),
  chaincodes: z.array(chaincode).max(8).default([]).describe('What runs on the channel.'),
});

/** The spec without the rules: the CRD's structural schema is generated from it. */
export const networkSpecShape = z.object({
  consensus: z
    .object({
      type: z
        .enum(['raft', 'bft'])
        .default('raft')
        .describe('`raft` outlives crashes of a minority, `bft` also members that lie.'),
      orderers: z
        .int()
        .min(1)
        .max(9)
        .default(3)
        .describe('How many orderers: an odd number for raft, at least 4 for bft.'),
    })
    .describe('How blocks are agreed upon.'),
  organizations: z.array(organization).min(1).max(16).describe('The members of the consortium.'),
  channels: z.array(channel).min(1).max(8).describe('The ledgers that organizations share.'),
  data: z
    .object({ channel: channelName.describe('A channel with the builtin chaincode `anchor`.') })
    .optional()
    .describe('Where data of this network are anchored; none can be stored when left out.'),
});
