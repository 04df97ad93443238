/**
 * Fabric's policies as protobuf: signature policies from their text form
 * (`OR('FarmMSP.peer', AND('ShopMSP.admin', 'BankMSP.member'))`), implicit meta policies, and
 * the endorsement policy of a chaincode.
 */
import { common, msp, peer } from '@hyperledger/fabric-protos';
import { BadRequest } from '../errors.ts';

const roles = {
  member: msp.MSPRole.MSPRoleType.MEMBER,
  admin: msp.MSPRole.MSPRoleType.ADMIN,
  client: msp.MSPRole.MSPRoleType.CLIENT,
  peer: msp.MSPRole.MSPRoleType.PEER,
  orderer: msp.MSPRole.MSPRoleType.ORDERER,
} as const;

/** The endorsement policy of a channel's configuration, used where a chaincode names none. */
export const defaultEndorsementPolicy = '/Channel/Application/Endorsement';

const token = /\s*(?:'([^']*)'|([A-Za-z]+)|(\d+)|([(),]))/y;
const principalText = /^([A-Za-z0-9.-]+)\.(member|admin|client|peer|orderer)$/;

interface Token {
  kind: 'principal' | 'gate' | 'number' | 'mark' | 'end';
  text: string;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== '') {
    const start = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw malformed(text, `unexpected '${text.slice(start).trim()}'`);
    const [, principal, gate, number, mark] = match;
    if (principal !== undefined) tokens.push({ kind: 'principal', text: principal });
    else if (gate !== undefined) tokens.push({ kind: 'gate', text: gate.toLowerCase() });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else tokens.push({ kind: 'mark', text: mark ?? '' });
  }
  return tokens;
}

function malformed(text: string, why: string): BadRequest {
  return new BadRequest(`the policy ${JSON.stringify(text)} is malformed: ${why}`);
}

/** Recursive descent over `gate '(' [n ','] item {',' item} ')'` and `'MSP.role'`. */
class PolicyParser {
  readonly #text: string;
  readonly #tokens: Token[];
  readonly #identities: msp.MSPPrincipal[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): common.SignaturePolicyEnvelope {
    const rule = this.#item();
    if (this.#next().kind !== 'end') throw malformed(this.#text, 'text after its end');
    const envelope = new common.SignaturePolicyEnvelope();
    envelope.setRule(rule);
    envelope.setIdentitiesList(this.#identities);
    return envelope;
  }

  #next(): Token {
    return this.#tokens.shift() ?? { kind: 'end', text: 'its end' };
  }

  #expect(mark: string): void {
    const found = this.#next();
    if (found.text !== mark) {
      throw malformed(this.#text, `'${mark}' expected, found '${found.text}'`);
    }
  }

  #item(): common.SignaturePolicy {
    const found = this.#next();
    if (found.kind === 'principal') return this.#principal(found.text);
    if (found.kind === 'gate') return this.#gate(found.text);
    throw malformed(this.#text, `a principal or a gate expected, found '${found.text}'`);
  }

  #principal(text: string): common.SignaturePolicy {
    const [, mspId, role] = principalText.exec(text) ?? [];
    if (mspId === undefined || role === undefined) {
      throw malformed(this.#text, `'${text}' is no principal such as 'FarmMSP.peer'`);
    }
    this.#identities.push(rolePrincipal(mspId, role as keyof typeof roles));
    const policy = new common.SignaturePolicy();
    policy.setSignedBy(this.#identities.length - 1);
    return policy;
  }

  #gate(name: string): common.SignaturePolicy {
    this.#expect('(');
    const given = name === 'outof' ? this.#threshold() : undefined;
    const rules = [this.#item()];
    for (let mark = this.#next(); mark.text !== ')'; mark = this.#next()) {
      if (mark.text !== ',') {
        throw malformed(this.#text, `',' or ')' expected, found '${mark.text}'`);
      }
      rules.push(this.#item());
    }
    const thresholds: Record<string, number | undefined> = {
      or: 1,
      and: rules.length,
      outof: given,
    };
    const n = thresholds[name];
    if (n === undefined) throw malformed(this.#text, `'${name}' is none of OR, AND, OutOf`);
    if (n < 1 || n > rules.length) {
      throw malformed(this.#text, `OutOf ${n} of ${rules.length} can never or always be met`);
    }
    return nOutOf(n, rules);
  }

  #threshold(): number {
    const found = this.#next();
    if (found.kind !== 'number') throw malformed(this.#text, 'OutOf begins with a number');
    this.#expect(',');
    return Number(found.text);
  }
}

function rolePrincipal(mspId: string, role: keyof typeof roles): msp.MSPPrincipal {
  const mspRole = new msp.MSPRole();
  mspRole.setMspIdentifier(mspId);
  mspRole.setRole(roles[role]);
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
 * A signature policy from its text, in the language of Fabric's `policydsl`: `OR`, `AND` and
 * `OutOf` over `'MSP.role'`, role being member, admin, client, peer or orderer.
 * Throws BadRequest saying what is wrong with the text.
 */
export function signaturePolicy(text: string): common.SignaturePolicyEnvelope {
  return new PolicyParser(text).parse();
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
