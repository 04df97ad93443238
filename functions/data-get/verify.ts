/** Comparing what etcd says of a version with what the chain says. Pure. */
import type { AnchorRecord } from '../lib/events.ts';
import type { VersionRecord } from '../lib/data/metadata.ts';

/** A record as the chaincode gives it. */
export type Anchored = AnchorRecord & { transactionId: string };

const common = ['version', 'index', 'digest', 'size', 'owner', 'format', 'transactionId'] as const;

/**
 * The names of the fields in which they differ. The chain does not say the tier, but the index
 * does.
 */
export function differences(key: string, record: VersionRecord, anchored: Anchored): string[] {
  const names: string[] = common.filter((name) => record[name] !== anchored[name]);
  if (anchored.key !== key) names.push('key');
  if (record.tier !== tierOf(anchored.index)) names.push('tier');
  return names;
}

function tierOf(index: string): string | undefined {
  if (index.startsWith('etcd://')) return 'record';
  return index.startsWith('minio://') ? 'object' : undefined;
}
