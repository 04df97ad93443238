/** The policy of a datum, for its owner: it names users and groups, which no reader needs to know. */
import type { Decision, Question } from '../lib/data/access-policy.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Deps, GetRequest } from './deps.ts';
import { found, requireSupported, resourceOf } from './readable.ts';
import { isInForce } from './verify.ts';

export interface InForce {
  /** Cedar text, whose digest is the head's. */
  policy: string;
  head: Head;
}

/**
 * The policy in force, for the owner whom the chain names, whatever the policy says. To others there is no
 * such datum.
 *
 * @throws NotFound, Gone, IntegrityError, Unavailable
 */
export async function policyInForce(deps: Deps, request: GetRequest): Promise<InForce> {
  const { network, key } = request.ref;
  const { known, head } = await found(deps, request);
  const allowed = head.owner === request.caller.id;
  const kind = allowed ? 'read' : 'denied';
  const reason = 'its policy is for its owner';
  deps.audit({ audit: kind, user: request.caller.id, network, key, version: 0, reason });
  requireSupported(deps, request, { known, head, version: 0, allowed });
  const { policy } = known;
  if (!isInForce(policy, head)) throw new Error('a policy that is not in force was let through');
  return { policy, head };
}

/** What the policy in force decides for somebody else; throws as {@link policyInForce} does. */
export async function check(
  deps: Deps,
  request: GetRequest,
  { caller, action }: Pick<Question, 'caller' | 'action'>,
): Promise<Decision> {
  const { policy, head } = await policyInForce(deps, request);
  return deps.decide({ caller, action, policy, resource: resourceOf(request.ref, head) });
}
