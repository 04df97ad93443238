/** What the fields of a network's spec must be to each other: for Kubernetes in CEL, and for zod. */
import type { z } from 'zod';
import { channelPolicies, endorsementFault, roles } from '../fabric/policy-text.ts';
import type { networkSpecShape } from './shape.ts';

type Spec = z.infer<typeof networkSpecShape>;

/** A rule over the whole spec: a CEL expression for the CRD beside the same rule for zod. */
export interface Rule {
  /** Where the rule is attached in the spec, as a path of property names (`[]`: each item). */
  path: readonly string[];
  message: string;
  /** The CEL expression (`self` is the value at `path`). */
  cel: string;
  /** The same for zod: true when the spec keeps the rule. Left out where zod says more exactly. */
  holds?: (spec: Spec) => boolean;
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
export function refuseEndorsements(
  { channels, organizations }: Spec,
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
