/** What etcd and the chain have of a datum at one moment. */
import { lag } from '../lib/data/chain.ts';
import { policyDigest } from '../lib/data/digests.ts';
import type { Head } from '../lib/data/fact.ts';
import { until } from '../lib/until.ts';
import type { Deps, GetRequest } from './deps.ts';
import { isAhead, isInForce, type Known } from './verify.ts';

export interface Looked {
  known: Known;
  head: Head | undefined;
}

/** How often a datum is looked at whose policy changes meanwhile. */
const mostLooks = 5;

/**
 * Looks until etcd's policy is the one that the head names, or no change of it explains why it is not.
 *
 * @throws IntegrityError, Unavailable
 */
export async function look(deps: Deps, ref: GetRequest['ref']): Promise<Looked> {
  for (let looks = 1; ; looks++) {
    const looked = await glance(deps, ref);
    const { known, head } = looked;
    if (!head || head.erased || isInForce(known.policy, head) || looks >= mostLooks) return looked;
    const now = await deps.chain.head(ref);
    if (now?.edition === head.edition && !now.erased) return looked;
  }
}

async function glance({ metadata, chain }: Deps, ref: GetRequest['ref']): Promise<Looked> {
  const [datum, published, first] = await Promise.all([
    metadata.datum(ref),
    metadata.policy(ref),
    chain.head(ref),
  ]);
  const known: Known = { datum: datum?.value, policy: published };
  const head = isAhead(known.datum, first) ? await caughtUp(chain, ref, known) : first;
  if (!head || isInForce(published, head)) return { known, head };
  return { known: { ...known, policy: await proposed(metadata, ref, head) }, head };
}

/** A policy that is in force and not published yet, or was published since. */
async function proposed(
  metadata: Deps['metadata'],
  ref: GetRequest['ref'],
  head: Head,
): Promise<string | undefined> {
  // In this order: it is moved from the one place to the other.
  const { value } = (await metadata.proposal(ref, head)) ?? {};
  if (value && policyDigest(value.policy) === head.policy) return value.policy;
  return metadata.policy(ref);
}

/**
 * The head once peers have what was published, or as it is then: they may lag behind the one that the
 * put waited for.
 */
async function caughtUp(
  chain: Deps['chain'],
  ref: GetRequest['ref'],
  { datum }: Known,
): Promise<Head | undefined> {
  const end = Date.now() + ((await mayBeBehind(chain, ref, datum)) ? lag : 0);
  const waiting = { what: 'the head', timeoutMs: 2 * lag, firstMs: 25, final: () => true };
  const { head } = await until(waiting, async () => {
    const now = await chain.head(ref);
    return (!isAhead(datum, now) || Date.now() >= end) && { head: now };
  });
  return head;
}

/** Of a transaction that was made up nobody knows a block: then there is nothing to wait for. */
async function mayBeBehind(
  chain: Deps['chain'],
  ref: GetRequest['ref'],
  datum: Known['datum'],
): Promise<boolean> {
  // That of a policy is not kept, nor that of an erasure.
  if (datum?.edition !== undefined || datum?.erasedAt !== undefined) return true;
  const { transactionId } = datum ?? {};
  return transactionId !== undefined && (await chain.blockOf(ref, transactionId)) !== undefined;
}
