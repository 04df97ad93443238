/** Publishing the policy that the chain names. */
import { persist } from '../lib/backoff.ts';
import { policyDigest } from '../lib/data/digests.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Metadata } from '../lib/data/metadata.ts';
import type { Proposal } from '../lib/data/model.ts';
import { FateOpen, IntegrityError } from '../lib/errors.ts';
import { contention } from './claim.ts';

/**
 * Makes a proposal that the chain names the policy that etcd gives first, unless a later one is.
 *
 * @throws IntegrityError when etcd knows no such datum
 * @throws FateOpen when others kept changing the datum: the sweep does it later
 */
export async function enact(
  metadata: Pick<Metadata, 'datum' | 'enact'>,
  proposal: Proposal,
): Promise<void> {
  const done = await persist(contention, async () => {
    const datum = await metadata.datum(proposal);
    if (!datum) throw new IntegrityError('the datum is missing');
    return (await metadata.enact(proposal, datum)) || undefined;
  });
  if (!done) throw new FateOpen('others kept changing the datum; its policy is published later');
}

/** Publishes the policy that a head names where it is still proposed; false where etcd has no such text. */
export async function catchUp(
  metadata: Pick<Metadata, 'datum' | 'enact' | 'policy' | 'proposal'>,
  ref: DatumRef,
  head: Pick<Head, 'edition' | 'policy'>,
): Promise<boolean> {
  // A proposal is enacted even where the text is there already: then an earlier edition had the same.
  const proposal = await metadata.proposal(ref, head);
  if (proposal && policyDigest(proposal.value.policy) === head.policy) {
    // The datum that is meant, whichever it says to be of.
    const { namespace, network, incarnation, key } = ref;
    const { edition } = head;
    const meant = { namespace, network, incarnation, key, edition };
    await enact(metadata, { ...proposal.value, ...meant });
  }
  return policyDigest((await metadata.policy(ref)) ?? '') === head.policy;
}
