/** Digests by which the chain's facts support what is kept off the chain. */
import { createHash } from 'node:crypto';
import { format } from './cipher.ts';
import type { VersionRecord } from './model.ts';

/** `sha256:<hex>` of a policy's text, in UTF-8. */
export function policyDigest(cedar: string): string {
  return sha256(cedar);
}

/**
 * `sha256:<hex>` of what a reader relies on in a version's record beyond what its fact holds itself: a
 * JSON array of the format's name and these members, in this order, without spaces.
 */
export function metaDigest({
  tier,
  contentType,
  createdAt,
  wrapped,
}: Pick<VersionRecord, 'tier' | 'contentType' | 'createdAt' | 'wrapped'>): string {
  return sha256(JSON.stringify([format, tier, contentType, createdAt, wrapped]));
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
