/**
 * Fabric's policies as protobuf: signature policies from their text form
 * (`OR('FarmMSP.peer', AND('ShopMSP.admin', 'BankMSP.member'))`), implicit meta policies, and
 * the endorsement policy of a chaincode.
 */
import { common, msp, peer } from '@hyperledger/fabric-protos';
import { parsePolicy, type PolicyTree, type Role } from './policy-text.ts';

const roleTypes: Record<Role, msp.MSPRole.MSPRoleTypeMap[keyof msp.MSPRole.MSPRoleTypeMap]> = {
  member: msp.MSPRole.MSPRoleType.MEMBER,
  admin: msp.MSPRole.MSPRoleType.ADMIN,
  client: msp.MSPRole.MSPRoleType.CLIENT,
  peer: msp.MSPRole.MSPRoleType.PEER,
  orderer: msp.MSPRole.MSPRoleType.ORDERER,
};

/** The endorsement policy of a channel's configuration, used where a chaincode names none. */
export const defaultEndorsementPolicy = '/Channel/Application/Endorsement';

/**
 * A signature policy from its text, in the language of Fabric's `policydsl`: `OR`, `AND` and
 * `OutOf` over `'MSP.role'`, role being member, admin, client, peer or orderer.
 * Throws BadRequest saying what is wrong with the text.
 */
export function signaturePolicy(text: string): common.SignaturePolicyEnvelope {
  const identities: msp.MSPPrincipal[] = [];
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(ruleOf(parsePolicy(text), identities));
  envelope.setIdentitiesList(identities);
  return envelope;
}

/** The rule of a tree; each principal in it is added to `identities`, which rules refer to. */
function ruleOf(tree: PolicyTree, identities: msp.MSPPrincipal[]): common.SignaturePolicy {
  if ('rules' in tree) {
    return nOutOf(
      tree.n,
      tree.rules.map((rule) => ruleOf(rule, identities)),
    );
  }
  identities.push(rolePrincipal(tree.mspId, tree.role));
  const policy = new common.SignaturePolicy();
  policy.setSignedBy(identities.length - 1);
  return policy;
}

function rolePrincipal(mspId: string, role: Role): msp.MSPPrincipal {
  const mspRole = new msp.MSPRole();
  mspRole.setMspIdentifier(mspId);
  mspRole.setRole(roleTypes[role]);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(mspRole.serializeBinary());
  return principal;
}

/** A rule that `n` of the given rules satisfy. */
export function nOutOf(n: number, rules: common.SignaturePolicy[]): common.SignaturePolicy {
  const body = new common.SignaturePolicy.NOutOf();
  body.setN(n);
  body.setRulesList(rules);
  const policy = new common.SignaturePolicy();
  policy.setNOutOf(body);
  return policy;
}

/**
 * What the lifecycle calls the validation parameter: an `ApplicationPolicy` from either the
 * path of a policy in the channel's configuration (`/Channel/...`) or a signature policy's text.
 */
export function endorsementPolicy(text: string = defaultEndorsementPolicy): Uint8Array {
  const policy = new peer.ApplicationPolicy();
  if (text.startsWith('/')) policy.setChannelConfigPolicyReference(text);
  else policy.setSignaturePolicy(signaturePolicy(text));
  return policy.serializeBinary();
}
