/** What of a version is given, by the conditions of the request (RFC 9110, section 13.2.2). Pure. */
import { matches, matchesNone, type Conditions } from '../lib/conditions.ts';
import type { Range } from '../lib/data/cipher.ts';
import { PreconditionFailed, RangeNotSatisfiable } from '../lib/errors.ts';

/** What a caller asks for besides which version. */
export interface Asked extends Conditions {
  /** `Range` as it came. */
  range?: string | undefined;
  /** The entity tag under which the range counts; without it the whole is given. */
  ifRange?: string | undefined;
}

/** Whether the caller gets the version, or a range of it, or hears that it is the one that it has. */
export type Selection = 'whole' | 'unchanged' | Range;

/**
 * @param found the entity tag of the version, and its bytes of plaintext
 * @throws PreconditionFailed when the version is none of those meant
 * @throws RangeNotSatisfiable when it has no byte of the range
 */
export function select(asked: Asked, { tag, size }: { tag: string; size: number }): Selection {
  const { ifMatch, ifNoneMatch, range, ifRange = tag } = asked;
  if (ifMatch !== undefined && !matches(ifMatch, tag)) {
    throw new PreconditionFailed('the version is another than the one meant');
  }
  if (ifNoneMatch !== undefined && !matchesNone(ifNoneMatch, tag)) return 'unchanged';
  // A date says nothing: versions have none by which they are told apart.
  if (range === undefined || ifRange.trim() !== tag) return 'whole';
  return rangeOf(range, size) ?? 'whole';
}

/**
 * A single range of bytes (section 14.1.2); undefined for all else, which is as if it had not been asked for.
 *
 * @throws RangeNotSatisfiable when there is no byte of it
 */
export function rangeOf(range: string, size: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(range.trim()) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '')
    return within({ first: Math.max(0, size - Number(last)), last: size - 1 }, size);
  const end = last === '' ? Infinity : Number(last);
  return end < Number(first) ? undefined : within({ first: Number(first), last: end }, size);
}

function within({ first, last }: Range, size: number): Range {
  if (first >= size) throw new RangeNotSatisfiable(size);
  return { first, last: Math.min(last, size - 1) };
}
