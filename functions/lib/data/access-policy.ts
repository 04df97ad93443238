/**
 * Who may read a datum or put its next version: Cedar policies (`@cedar-policy/cedar-wasm`, the
 * only place that uses it). What no policy permits is denied, and so is everything when a
 * policy cannot be read or fails.
 *
 * Policies speak of `principal` (`User`, with `subject`, `username`, `issuer`, `in` its
 * `Group`s), `action` (`Action::"read"`, `Action::"write"`) and `resource` (`Datum`, with
 * `owner`, `network`, `key`), as policy-schema.ts says. A policy is named by its annotation `@id("…")`.
 */
import type { DetailedError, Policy, PolicyId } from '@cedar-policy/cedar-wasm/nodejs';
import type { Caller } from '../function/authentication.ts';
import { excessOf } from './policy-extent.ts';
import { policySchema } from './policy-schema.ts';

export type Action = 'read' | 'write';

export interface Question {
  caller: Pick<Caller, 'id' | 'issuer' | 'subject' | 'username' | 'groups'>;
  action: Action;
  resource: { network: string; key: string; owner: string };
  /** Cedar text. */
  policy: string;
}

export interface Decision {
  allowed: boolean;
  /** The names of the policies that made it; none when nothing permits. */
  policies: string[];
  /** In a few words, for the caller and the audit. */
  reason: string;
}

/** The policy of a new datum. */
export const ownerOnly = `@id("owner-only")
permit (principal, action, resource)
when { resource.owner == principal };
`;

/** Loads and compiles what decides, which takes some 50 ms, before the first question comes. */
export const warmUp = async (): Promise<void> => {
  await import('@cedar-policy/cedar-wasm/nodejs');
};

/** What is wrong with a policy, and where where that is known. */
export interface Fault {
  message: string;
  /** Of the text, from 1. */
  line?: number;
  /** Of the line, in characters, from 1. */
  column?: number;
}

export type Validate = (policy: string) => Promise<Fault[]>;

/** All that is wrong with a text as the policy of a datum, by the schema; nothing when it may come into force. */
export const validate: Validate = async (policy) => {
  const excess = excessOf(policy);
  if (excess !== undefined) return [{ message: excess }];
  const cedar = await import('@cedar-policy/cedar-wasm/nodejs');
  const parts = cedar.policySetTextToParts(policy);
  if (parts.type === 'failure') return parts.errors.map((error) => faultOf(policy, error));
  // It would let nobody do anything, its owner included: rather a mistake than meant.
  if (parts.policies.length === 0) return [{ message: 'there is no policy in it' }];
  const answer = cedar.validate({
    schema: policySchema,
    policies: { staticPolicies: policy },
  });
  const errors =
    answer.type === 'failure' ? answer.errors : answer.validationErrors.map(({ error }) => error);
  return errors.map((error) => faultOf(policy, error));
};

function faultOf(text: string, { message, help, sourceLocations = [] }: DetailedError): Fault {
  const [{ start, label } = { start: undefined, label: null }] = sourceLocations;
  const said = [message, label, help].filter((part) => part !== null).join('; ');
  if (start === undefined) return { message: said };
  // Cedar counts bytes.
  const lines = Buffer.from(text).subarray(0, start).toString().split('\n');
  return {
    message: said,
    line: lines.length,
    column: Array.from(lines.at(-1) ?? '').length + 1,
  };
}

export type Decide = (question: Question) => Promise<Decision>;

/** Decides. Never throws because of a policy: one that is broken permits nothing. */
export const decide: Decide = async ({ caller, action, resource, policy }) => {
  if (excessOf(policy) !== undefined) return denied('the policy cannot be evaluated');
  // Compiling it takes some 50 ms: only who needs a decision pays.
  const cedar = await import('@cedar-policy/cedar-wasm/nodejs');
  const parts = cedar.policySetTextToParts(policy);
  if (parts.type === 'failure') return denied('the policy cannot be read');
  const named: Record<PolicyId, Policy> = {};
  for (const [position, text] of parts.policies.entries()) {
    named[nameOf(cedar.policyToJson(text), position, named)] = text;
  }
  const owner = { type: 'User', id: resource.owner };
  const principal = { type: 'User', id: caller.id };
  const datum = { type: 'Datum', id: `${resource.network}/${resource.key}` };
  const { issuer, subject, username } = caller;
  const answer = cedar.isAuthorized({
    principal,
    action: { type: 'Action', id: action },
    resource: datum,
    context: {},
    policies: { staticPolicies: named },
    entities: [
      {
        uid: principal,
        attrs: { issuer, subject, username },
        parents: caller.groups.map((id) => ({ type: 'Group', id })),
      },
      {
        uid: datum,
        attrs: { owner: { __entity: owner }, network: resource.network, key: resource.key },
        parents: [],
      },
    ],
  });
  if (answer.type === 'failure') return denied('the policy cannot be evaluated');
  const { decision, diagnostics } = answer.response;
  // Cedar skips a policy that fails; a `forbid` that fails must not let anyone in.
  if (diagnostics.errors.length > 0) return denied('a policy failed');
  const policies = diagnostics.reason;
  if (decision === 'allow') return { allowed: true, policies, reason: `by ${policies.join(', ')}` };
  if (policies.length === 0) return denied('no policy permits it');
  return { allowed: false, policies, reason: `forbidden by ${policies.join(', ')}` };
};

function denied(reason: string): Decision {
  return { allowed: false, policies: [], reason };
}

type Parsed =
  { type: 'success'; json: { annotations?: Record<string, string> } } | { type: 'failure' };

/** The policy's own name, or its place; a name that is taken gets its place as well. */
function nameOf(parsed: Parsed, position: number, taken: Record<string, unknown>): string {
  const own = parsed.type === 'success' ? parsed.json.annotations?.id : undefined;
  if (own === undefined) return `policy${position}`;
  return own in taken ? `${own}#${position}` : own;
}
