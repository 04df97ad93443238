/**
 * The custom resource `FabricNetwork` (`selvedge.dev/v1alpha1`): one object is one network.
 * The CRD's schema is generated from the zod schemas here, so what kubectl refuses and what the
 * functions refuse cannot drift apart. Limits on counts and lengths keep Kubernetes' cost budget
 * for validation rules.
 */
import { z } from 'zod';
import { channelPolicies, endorsementFault, roles } from './fabric/policy-text.ts';

export const group = 'selvedge.dev';
export const apiVersion = 'selvedge.dev/v1alpha1';
export const kind = 'FabricNetwork';

/** Labels on everything made for a network. */
export const labels = {
  network: 'selvedge.dev/network',
  /** On a network's namespace: that of its resource, and the resource's UID. */
  home: 'selvedge.dev/home',
  uid: 'selvedge.dev/network-uid',
  organization: 'selvedge.dev/organization',
  component: 'selvedge.dev/component',
  peer: 'selvedge.dev/peer',
  chaincode: 'selvedge.dev/chaincode',
} as const;

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

const shape = z.object({
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

/** A rule over the whole spec: a CEL expression for the CRD beside the same rule for zod. */
export interface Rule {
  /** Where the rule is attached in the spec, as a path of property names (`[]`: each item). */
  path: readonly string[];
  message: string;
  /** The CEL expression (`self` is the value at `path`). */
  cel: string;
  /** The same for zod: true when the spec keeps the rule. Left out where zod says more exactly. */
  holds?: (spec: z.infer<typeof shape>) => boolean;
}

const unique = (values: readonly string[]): boolean => new Set(values).size === values.length;

/**
 * The words of an endorsement policy. CEL tells no more than these and whether brackets are closed:
 * whose MSP ids they are would cost more than the rules of a schema may.
 */
const policyWords = [
  `'[A-Za-z0-9.-]+[.](${roles.join('|')})'`,
  '([Aa][Nn][Dd]|[Oo][Rr]|[Oo][Uu][Tt][Oo][Ff])[ ]*[(]',
  '[0-9]+',
  '[), ]',
].join('|');

export const rules: readonly Rule[] = [
  {
    path: ['consensus'],
    message: 'raft needs an odd number of orderers, bft at least 4',
    cel: "self.type == 'bft' ? self.orderers >= 4 : self.orderers % 2 == 1",
    holds: ({ consensus: { type, orderers } }) =>
      type === 'bft' ? orderers >= 4 : orderers % 2 === 1,
  },
  {
    path: ['organizations'],
    message: 'two organizations have the same name',
    cel: 'self.all(a, self.exists_one(b, b.name == a.name))',
    holds: (spec) => unique(spec.organizations.map(({ name }) => name)),
  },
  {
    path: ['organizations'],
    message: 'two organizations have the same mspId',
    cel: 'self.all(a, self.exists_one(b, b.mspId == a.mspId))',
    holds: (spec) => unique(spec.organizations.map(({ mspId }) => mspId)),
  },
  {
    path: ['channels'],
    message: 'two channels have the same name',
    cel: 'self.all(a, self.exists_one(b, b.name == a.name))',
    holds: (spec) => unique(spec.channels.map(({ name }) => name)),
  },
  {
    path: ['channels', '[]', 'organizations'],
    message: 'an organization is listed twice',
    cel: 'self.all(a, self.exists_one(b, b == a))',
    holds: (spec) => spec.channels.every(({ organizations }) => unique(organizations)),
  },
  {
    path: ['channels', '[]', 'chaincodes'],
    message: 'two chaincodes have the same name',
    cel: 'self.all(a, self.exists_one(b, b.name == a.name))',
    holds: (spec) =>
      spec.channels.every(({ chaincodes }) => unique(chaincodes.map(({ name }) => name))),
  },
  {
    path: ['channels', '[]', 'chaincodes', '[]'],
    message: 'a chaincode has exactly one of builtin, image and source',
    cel: '[has(self.builtin), has(self.image), has(self.source)].exists_one(given, given)',
    holds: (spec) =>
      spec.channels.every(({ chaincodes }) =>
        chaincodes.every(
          ({ builtin, image, source }) =>
            [builtin, image, source].filter((given) => given !== undefined).length === 1,
        ),
      ),
  },
  {
    path: [],
    message: 'a channel lists an organization that is not declared',
    cel: 'self.channels.all(c, c.organizations.all(o, self.organizations.exists(d, d.name == o)))',
    holds: (spec) =>
      spec.channels.every((c) =>
        c.organizations.every((o) => spec.organizations.some(({ name }) => name === o)),
      ),
  },
  {
    path: [],
    message: 'data.channel is not a channel with the anchor chaincode',
    cel: "!has(self.data) || self.channels.exists(c, c.name == self.data.channel && has(c.chaincodes) && c.chaincodes.exists(x, has(x.builtin) && x.builtin == 'anchor'))",
    holds: ({ data, channels }) =>
      data === undefined ||
      channels.some(
        ({ name, chaincodes }) =>
          name === data.channel && chaincodes.some(({ builtin }) => builtin === 'anchor'),
      ),
  },
  {
    path: ['channels', '[]', 'chaincodes', '[]', 'endorsement'],
    message: "not an endorsement policy such as OR('FarmMSP.peer','ShopMSP.peer')",
    cel:
      `self.startsWith('/') ? self in ${JSON.stringify(channelPolicies)} : ` +
      `self.matches(r"^(${policyWords})+$") && self.split('(').size() == self.split(')').size()`,
  },
];

/** The same for zod, which parses the policy and names the very field. */
function refuseEndorsements(
  { channels, organizations }: z.infer<typeof shape>,
  refuse: (path: (string | number)[], message: string) => void,
): void {
  channels.forEach((one, c) => {
    const members = organizations.filter(({ name }) => one.organizations.includes(name));
    const mspIds = members.map(({ mspId }) => mspId);
    one.chaincodes.forEach(({ endorsement }, index) => {
      const fault = endorsement === undefined ? undefined : endorsementFault(endorsement, mspIds);
      if (fault) refuse(['channels', c, 'chaincodes', index, 'endorsement'], fault);
    });
  });
}

/** The spec with its rules: parsing lists every fault with the path of the field. */
export const networkSpec = shape.superRefine((spec, context) => {
  for (const { path, message, holds = () => true } of rules) {
    if (!holds(spec)) context.addIssue({ code: 'custom', message, path: [...path] });
  }
  refuseEndorsements(spec, (path, message) => context.addIssue({ code: 'custom', message, path }));
});
export type NetworkSpec = z.infer<typeof networkSpec>;
export type Channel = z.infer<typeof channel>;
export type Chaincode = z.infer<typeof chaincode>;

/** The spec without the rules, for generating the CRD's structural schema. */
export const networkSpecShape = shape;

const placement = z.object({
  name: z.string().describe('Its name, that of its pod.'),
  organization: z.string().describe('The organization that runs it.'),
  node: z.string().optional().describe('The node it runs on.'),
  ready: z.boolean().describe('Whether it serves.'),
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

/** The status, by Kubernetes' conventions for conditions. */
export const networkStatus = z.object({
  observedGeneration: z.int().optional().describe('The generation of the spec that was seen.'),
  phase: z
    .enum(['Pending', 'Progressing', 'Ready', 'Degraded', 'Deleting'])
    .optional()
    .describe('All conditions in one word.'),
  namespace: z.string().optional().describe('The namespace of its own, where all of it runs.'),
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
  orderers: z.array(placement).optional().describe('Each orderer.'),
  peers: z
    .array(
      placement.extend({
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

/** The resource as it stands in Kubernetes. */
export interface FabricNetwork {
  apiVersion: typeof apiVersion;
  kind: typeof kind;
  metadata: {
    name: string;
    namespace: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: z.input<typeof networkSpec>;
  status?: NetworkStatus;
}
