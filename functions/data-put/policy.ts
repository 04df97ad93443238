/**
 * The story of a change of policy, in the order that makes a crash anywhere harmless:
 *
 *  1. propose: the text is written to etcd under what the chain would say of it, beside the one in force;
 *  2. amend: the chain keeps its fact. From here on it is in force, and read where it was proposed;
 *  3. enact: one etcd transaction makes it the text that is read first, and strikes the proposal.
 *
 * Only the owner whom the chain names takes the second step, and only for the text in hand: what stands in
 * etcd may have been made up.
 */
import { policyDigest } from '../lib/data/digests.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Proposal } from '../lib/data/model.ts';
import { Gone, IntegrityError, NotFound } from '../lib/errors.ts';
import type { PolicyReceipt } from '../lib/events.ts';
import type { Caller } from '../lib/function/authentication.ts';
import { amend } from './amend.ts';
import { anyOf, caughtUp } from './caught-up.ts';
import type { Deps } from './deps.ts';
import { enact, catchUp } from './enact.ts';
import { invalid, nextEdition } from './policy-decisions.ts';

export interface PolicyRequest {
  ref: DatumRef;
  caller: Pick<Caller, 'id'>;
  /** Cedar text. */
  text: string;
  /** The entity tags of editions that may be replaced, as in HTTP; any when left out. */
  ifMatch: string | undefined;
}

export interface PolicyChange extends PolicyReceipt {
  /** Left out when it was in force already. */
  transactionId?: string;
}

const words = {
  overtaken: 'other policies came first; nothing was changed, try again',
  open: 'the policy may be in force yet',
};

/**
 * Puts a policy in force, or finds that it is.
 *
 * @throws Unprocessable when the text is no policy by the schema: `members.errors` has every fault
 * @throws NotFound when there is no such datum of the caller's
 * @throws Gone when the datum was erased
 * @throws PreconditionFailed when another edition is in force than may be replaced
 * @throws Conflict when too many other policies came first; nothing was changed
 * @throws IntegrityError when etcd has lost the datum; nothing was changed
 * @throws FateOpen when it may come into force yet: the same again tells
 */
export async function putPolicy(deps: Deps, request: PolicyRequest): Promise<PolicyChange> {
  const { ref, text, ifMatch } = request;
  const faults = await deps.validate(text);
  if (faults.length > 0) throw invalid(faults);
  const policy = policyDigest(text);
  const { network, key } = ref;
  return amend(words, async (send): Promise<PolicyChange | undefined> => {
    const head = await ownHead(deps, request);
    const edition = nextEdition(head, policy, ifMatch);
    if (edition === undefined) {
      await catchUp(deps.metadata, ref, head);
      return { network, key, edition: head.edition, policy };
    }
    const proposal = { ...ref, edition, policy: text, since: deps.now().toISOString() };
    if (!(await deps.metadata.propose(proposal))) return undefined;
    const transactionId = await send(() => complete(deps, proposal));
    return transactionId === undefined
      ? undefined
      : { network, key, edition, policy, transactionId };
  });
}

/** Has the chain keep a proposal, and publishes it; gives the transaction. */
async function complete(deps: Deps, proposal: Proposal): Promise<string> {
  const { incarnation, edition } = proposal;
  const [id, policy] = [await deps.names.idOf(proposal), policyDigest(proposal.policy)];
  const fact = { kind: 'policy', id, incarnation, edition, policy } as const;
  const transactionId = await deps.chain.amend(proposal, fact);
  await enact(deps.metadata, proposal);
  return transactionId;
}

/** The head of a datum of the caller's: to others there is no such datum. */
async function ownHead(deps: Deps, { ref, caller }: PolicyRequest): Promise<Head> {
  const datum = await deps.metadata.datum(ref);
  const head = await caughtUp(deps, ref, { ...datum?.value, current: anyOf(datum?.value) });
  if (head?.owner !== caller.id) throw new NotFound('there is no such datum');
  if (head.erased) throw new Gone('the datum was erased');
  if (!datum) throw new IntegrityError('the datum is missing');
  return head;
}
