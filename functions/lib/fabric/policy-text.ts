/**
 * Fabric's language of signature policies (`policydsl`), as text: `OR`, `AND` and `OutOf` over
 * `'MSP.role'`. It knows no protobuf, so that whoever only checks a policy need not load that.
 */
import { BadRequest } from '../errors.ts';

export const roles = ['member', 'admin', 'client', 'peer', 'orderer'] as const;
export type Role = (typeof roles)[number];

/** A policy as a tree: a principal, or `n` of what is below it. */
export type PolicyTree =
  { mspId: string; role: Role } | { n: number; rules: readonly PolicyTree[] };

/** The policies of a channel's configuration that may stand in the place of a text. */
export const channelPolicies: readonly string[] = [
  'Endorsement',
  'LifecycleEndorsement',
  'Readers',
  'Writers',
  'Admins',
].map((name) => `/Channel/Application/${name}`);

const token = /\s*(?:'([^']*)'|([A-Za-z]+)|(\d+)|([(),]))/y;
const principalText = /^([A-Za-z0-9.-]+)\.(member|admin|client|peer|orderer)$/;

interface Token {
  kind: 'principal' | 'gate' | 'number' | 'mark' | 'end';
  text: string;
}

/**
 * Reads a policy.
 *
 * @throws BadRequest saying what is wrong with the text
 */
export function parsePolicy(text: string): PolicyTree {
  return new PolicyParser(text).parse();
}

/** The MSP ids that a policy names. */
export function mspIdsOf(tree: PolicyTree): string[] {
  return 'mspId' in tree ? [tree.mspId] : [...new Set(tree.rules.flatMap(mspIdsOf))];
}

/**
 * What keeps a channel of the organizations `mspIds` from an endorsement policy, or undefined.
 * Fabric itself takes a policy of unknown members, which nobody could ever meet.
 */
export function endorsementFault(text: string, mspIds: readonly string[]): string | undefined {
  if (text.startsWith('/')) {
    if (channelPolicies.includes(text)) return undefined;
    return `the channel has no policy ${text}; it has ${channelPolicies.join(', ')}`;
  }
  try {
    const unknown = mspIdsOf(parsePolicy(text)).filter((mspId) => !mspIds.includes(mspId));
    if (unknown.length === 0) return undefined;
    return `no organization of the channel has the mspId ${unknown.join(', ')}`;
  } catch (error) {
    if (error instanceof BadRequest) return error.message;
    throw error;
  }
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

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): PolicyTree {
    const tree = this.#item();
    if (this.#next().kind !== 'end') throw malformed(this.#text, 'text after its end');
    return tree;
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

  #item(): PolicyTree {
    const found = this.#next();
    if (found.kind === 'principal') return this.#principal(found.text);
    if (found.kind === 'gate') return this.#gate(found.text);
    throw malformed(this.#text, `a principal or a gate expected, found '${found.text}'`);
  }

  #principal(text: string): PolicyTree {
    const [, mspId, role] = principalText.exec(text) ?? [];
    if (mspId === undefined || role === undefined) {
      throw malformed(this.#text, `'${text}' is no principal such as 'FarmMSP.peer'`);
    }
    return { mspId, role: role as Role };
  }

  #gate(name: string): PolicyTree {
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
    return { n, rules };
  }

  #threshold(): number {
    const found = this.#next();
    if (found.kind !== 'number') throw malformed(this.#text, 'OutOf begins with a number');
    this.#expect(',');
    return Number(found.text);
  }
}
