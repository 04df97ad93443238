/** Comparing what etcd says of a version with what the chain says. Pure. */
import { parseIndex, type DatumRef } from '../lib/data/datum.ts';
import { differences, factOf, type Anchored } from '../lib/data/fact.ts';
import type { VersionRecord } from '../lib/data/model.ts';

/**
 * The names of the fields in which they differ. The chain does not say the tier, but the index
 * does.
 */
export function mismatches(ref: DatumRef, record: VersionRecord, anchored: Anchored): string[] {
  const { incarnation, key } = ref;
  const names: string[] = differences(factOf({ ...record, incarnation, key }), anchored);
  if (record.transactionId !== anchored.transactionId) names.push('transactionId');
  if (record.tier !== parseIndex(anchored.index)?.tier) names.push('tier');
  return names;
}
