/** What a put decides, without doing anything. */
import { TooLarge, Unprocessable } from '../lib/errors.ts';
import type { Tier } from '../lib/events.ts';
import type { Intent } from '../lib/data/metadata.ts';

/** The most bytes of plaintext of a record. */
export const recordLimit = 1024 * 1024;

/** What is known of a body after its first MiB: its size if it ended, or that there is more. */
export type Extent = number | 'more';

/**
 * Where a body is kept: JSON up to 1 MiB is a record, anything else an object, unless the
 * caller says otherwise.
 *
 * @throws TooLarge when a record is asked for and the body is over the limit
 */
export function chooseTier(wanted: Tier | undefined, contentType: string, extent: Extent): Tier {
  const fits = extent !== 'more' && extent <= recordLimit;
  if (wanted === 'record' && !fits) {
    throw new TooLarge(`a record has at most ${recordLimit} bytes`, {
      members: { limit: recordLimit },
    });
  }
  if (wanted) return wanted;
  return fits && isJson(contentType) ? 'record' : 'object';
}

/** `application/json` and every type with the suffix `+json` (RFC 6839). */
function isJson(contentType: string): boolean {
  const [type = ''] = contentType.toLowerCase().split(';');
  return /^application\/([\w.-]+\+)?json$/.test(type.trim());
}

/** What a caller repeats when it sends the same put again. */
export interface Repeated {
  key: string;
  contentType: string;
}

/**
 * What is to be done for an idempotency id, given what is known of it:
 *
 *     begin    nothing is known: allot a version
 *     takeOver an attempt was cut off before the ciphertext was whole: write it anew
 *     finish   the ciphertext is whole: if the body is the same, anchor and publish
 *     repeat   it is done: if the body is the same, give the first receipt
 *
 * @throws Unprocessable when the id was used for something else
 */
export function next(
  known: Intent | undefined,
  request: Repeated,
): 'begin' | 'takeOver' | 'finish' | 'repeat' {
  if (!known) return 'begin';
  if (known.key !== request.key || known.contentType !== request.contentType) throw reused();
  if (known.state === 'done') return 'repeat';
  return known.state === 'stored' ? 'finish' : 'takeOver';
}

export function reused(): Unprocessable {
  return new Unprocessable('the idempotency key was used for another body, key or content type');
}

/** Milliseconds for which nobody but the attempt itself touches an intent. */
export const patience = { open: 15 * 60_000, stored: 60_000, done: 24 * 3600_000 };

/** What the sweep does with an intent. */
export function fate(
  { state, since }: Pick<Intent, 'state' | 'since'>,
  now: Date,
): 'leave' | 'finish' | 'remove' | 'forget' {
  const age = now.getTime() - new Date(since).getTime();
  switch (state) {
    case 'abandoned':
      return 'remove';
    case 'open':
      return age > patience.open ? 'remove' : 'leave';
    case 'stored':
      return age > patience.stored ? 'finish' : 'leave';
    case 'done':
      return age > patience.done ? 'forget' : 'leave';
  }
}
