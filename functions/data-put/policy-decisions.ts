/** What a change of policy decides, without doing anything. */
import { matches } from '../lib/conditions.ts';
import { policyDigest } from '../lib/data/digests.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Proposal } from '../lib/data/model.ts';
import type { Fault } from '../lib/data/access-policy.ts';
import { PreconditionFailed, Unprocessable } from '../lib/errors.ts';
import { ageOf, patience } from './decisions.ts';

/**
 * The edition that a text would be; undefined when it is in force already, whatever was meant to be replaced:
 * a try before this one may have done it (RFC 9110, section 13.1.1).
 *
 * @param digest of the text
 * @param ifMatch the entity tags of editions that may be replaced, as in HTTP; any when left out
 * @throws PreconditionFailed when another edition is in force
 */
export function nextEdition(
  { edition, policy }: Pick<Head, 'edition' | 'policy'>,
  digest: string,
  ifMatch: string | undefined,
): number | undefined {
  if (policy === digest) return undefined;
  if (ifMatch === undefined || matches(ifMatch, `"${edition}"`)) return edition + 1;
  const now = `the policy in force is edition ${edition}`;
  throw new PreconditionFailed(now, { members: { edition } });
}

/** Says all that is wrong with a text, and where. */
export function invalid(faults: readonly Fault[]): Unprocessable {
  const errors = faults.map(({ message, line, column }) => ({
    path: line === undefined ? '' : `${line}:${column}`,
    message,
  }));
  const said = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new Unprocessable(`the policy is not valid: ${said.join('; ')}`, { members: { errors } });
}

/** What the sweep does with a proposal. */
export type ProposalFate = 'leave' | 'enact' | 'withdraw';

/**
 * Only what the chain names is published. A proposal that it does not name is never sent there: whoever can
 * write to etcd could have made it up.
 */
export function fateOfProposal(
  { edition, policy, since }: Proposal,
  head: Head | undefined,
  now: Date,
): ProposalFate {
  if (head?.erased) return 'withdraw';
  if (head?.edition === edition && head.policy === policyDigest(policy)) return 'enact';
  if (head && head.edition >= edition) return 'withdraw';
  // Its transaction may still be on its way.
  return ageOf(since, now) > patience.open ? 'withdraw' : 'leave';
}
