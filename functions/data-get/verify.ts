/** Comparing what etcd says with what the chain says. Pure. */
import { policyDigest, metaDigest } from '../lib/data/digests.ts';
import { parseIndex } from '../lib/data/datum.ts';
import { differences, type Anchored, type Head } from '../lib/data/fact.ts';
import type { Datum, VersionRecord } from '../lib/data/model.ts';

/**
 * The names of the members in which a version's record differs from its fact. What the fact does not hold
 * itself it supports by `meta`; the tier shows in the index, too.
 */
export function mismatches(record: VersionRecord, anchored: Anchored): string[] {
  const { id, incarnation, policy, version, transactionId } = anchored;
  const { index, digest, size, owner, format, published } = record;
  const names: string[] = differences(
    {
      ...{ kind: 'version', id, incarnation, index, digest, size, owner, format, policy },
      meta: metaDigest(record),
    },
    anchored,
  );
  if (record.tier !== parseIndex(anchored.index)?.tier) names.push('tier');
  if (published && published.version !== version) names.push('version');
  if (published && published.transactionId !== transactionId) names.push('transactionId');
  return names;
}

/** What etcd has of a datum, as it was read. */
export interface Known {
  datum: Datum | undefined;
  /** Cedar text. */
  policy: string | undefined;
}

/** Whether a text is the policy that a head names. */
export function isInForce(
  policy: string | undefined,
  head: Pick<Head, 'policy'>,
): policy is string {
  return policy !== undefined && policyDigest(policy) === head.policy;
}

/** Why the chain does not support whose a datum is and who may read it; undefined when it does. */
export function unsupported({ datum, policy }: Known, head: Head): string | undefined {
  if (!isInForce(policy, head)) return 'the policy is not the one in force';
  if (!datum) return 'the datum is missing';
  if (datum.owner !== head.owner) return 'the owner is another';
  if (datum.erasedAt !== undefined && !head.erased) return 'it was not erased';
  return undefined;
}

/** Whether etcd has published a version that is no more the last. */
export function isBehind(datum: Datum | undefined, head: Head): boolean {
  return (datum?.current ?? 0) < head.version;
}

/** Whether etcd has published a version, a policy or an erasure that the chain does not know of. */
export function isAhead(datum: Datum | undefined, head: Head | undefined): boolean {
  const { version, edition, erased } = head ?? { version: 0, edition: 1, erased: false };
  const { current = 0, edition: published = 1, erasedAt } = datum ?? {};
  return current > version || published > edition || (erasedAt !== undefined && !erased);
}
