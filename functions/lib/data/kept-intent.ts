/**
 * How a put on its way is kept. What the record of its version holds stands there alone, so that whoever erases the
 * datum erases the wrapped key with the record, and need not find the puts.
 */
import type { Intent, StoredIntent, VersionRecord } from './model.ts';

type Whole = Omit<StoredIntent, 'stored'> & Pick<StoredIntent['stored'], 'fingerprint'>;

/** As it stands in etcd. */
export type KeptIntent = Exclude<Intent, StoredIntent> | Whole;

export function toKept(intent: Intent): KeptIntent {
  if (intent.state !== 'stored') return intent;
  const { stored, ...rest } = intent;
  return { ...rest, fingerprint: stored.fingerprint };
}

/**
 * @param record of its version, which is written with an intent whose ciphertext is whole. Where it is gone, so is
 *   the key, and nothing can be made of the put any more.
 */
export function fromKept(kept: KeptIntent, record: VersionRecord | undefined): Intent {
  // An earlier build wrote all of it here.
  if (kept.state !== 'stored' || 'stored' in kept) return kept as Intent;
  const { fingerprint, ...rest } = kept;
  if (record) {
    const { digest, size, wrapped } = record;
    return { ...rest, stored: { digest, size, wrapped, fingerprint } };
  }
  const { pending: _, ...allotment } = rest;
  return { ...allotment, state: 'abandoned', onceStored: true };
}
