/** The building blocks of a channel configuration, written so that equal input gives equal bytes. */
import { X509Certificate } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { signaturePolicy } from '../signature-policy.ts';

/** Anything that serialises itself as protobuf. */
export interface Message {
  serializeBinary(): Uint8Array;
}

/**
 * A certificate in the one spelling of PEM that Go writes, line feed at the end included: BFT
 * orderers find themselves among the consenters by comparing the text.
 */
export function certificateBytes(pem: string): Buffer {
  return Buffer.from(new X509Certificate(pem).toString());
}

/** The policy that guards changes of what it is attached to. */
export const modPolicy = 'Admins';

/** The parts of a configuration group, by name. */
export interface Parts {
  values?: Record<string, Message>;
  policies: Record<string, common.Policy>;
  groups?: Record<string, common.ConfigGroup>;
}

/** Protobuf maps have no order of their own: without sorting, bytes would follow insertion. */
function sorted<T>(entries: Record<string, T>): [string, T][] {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A configuration group whose values, policies and sub-groups its admins may change. */
export function configGroup({ values = {}, policies, groups = {} }: Parts): common.ConfigGroup {
  const group = new common.ConfigGroup();
  group.setModPolicy(modPolicy);
  for (const [name, message] of sorted(values)) {
    const value = new common.ConfigValue();
    value.setValue(message.serializeBinary());
    value.setModPolicy(modPolicy);
    group.getValuesMap().set(name, value);
  }
  for (const [name, policy] of sorted(policies)) {
    const entry = new common.ConfigPolicy();
    entry.setPolicy(policy);
    entry.setModPolicy(modPolicy);
    group.getPoliciesMap().set(name, entry);
  }
  for (const [name, subgroup] of sorted(groups)) group.getGroupsMap().set(name, subgroup);
  return group;
}

/** What members of a group must at least be able to do before a feature may be used. */
export function capabilities(...names: string[]): common.Capabilities {
  const message = new common.Capabilities();
  for (const name of names.sort()) {
    message.getCapabilitiesMap().set(name, new common.Capability());
  }
  return message;
}

/** A policy met when ANY, ALL or the MAJORITY of the sub-groups meet their policy of that name. */
export function implicitMeta(rule: 'ANY' | 'ALL' | 'MAJORITY', subPolicy: string): common.Policy {
  const body = new common.ImplicitMetaPolicy();
  body.setRule(common.ImplicitMetaPolicy.Rule[rule]);
  body.setSubPolicy(subPolicy);
  return policy(common.Policy.PolicyType.IMPLICIT_META, body);
}

/** A policy met by signatures, from its text (`OR('FarmMSP.member')`) or ready made. */
export function signedBy(rule: string | common.SignaturePolicyEnvelope): common.Policy {
  const envelope = typeof rule === 'string' ? signaturePolicy(rule) : rule;
  return policy(common.Policy.PolicyType.SIGNATURE, envelope);
}

function policy(type: number, body: Message): common.Policy {
  const message = new common.Policy();
  message.setType(type);
  message.setValue(body.serializeBinary());
  return message;
}
