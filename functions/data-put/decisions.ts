/** What a put decides, without doing anything. */
import type { Head } from '../lib/data/fact.ts';
import {
  Conflict,
  Forbidden,
  Gone,
  IntegrityError,
  TooLarge,
  Unprocessable,
} from '../lib/errors.ts';
import type { Tier } from '../lib/events.ts';
import { partSize } from '../lib/data/upload.ts';
import type {
  AbandonedIntent,
  DoneIntent,
  Intent,
  OpenIntent,
  Revised,
  StoredIntent,
  UnfinishedIntent,
} from '../lib/data/model.ts';

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

/**
 * How many bytes a put holds at most: its plaintext and its ciphertext, and both once more on their way; what
 * is uploaded in parts three of them.
 */
export function heldBy(extent: Extent): number {
  return extent === 'more' ? 3 * partSize : 4 * extent;
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

/** What is to be done for an idempotency id. */
export type Next =
  /** Nothing is known: claim a place. */
  | { step: 'begin' }
  /** An attempt was cut off before the ciphertext was whole: write it anew. */
  | { step: 'takeOver'; intent: Revised<OpenIntent | AbandonedIntent> }
  /** The ciphertext is whole: if the body is the same, anchor and publish. */
  | { step: 'finish'; intent: Revised<StoredIntent> }
  /** It is done: if the body is the same, give the first receipt. */
  | { step: 'repeat'; intent: DoneIntent };

/** @throws Unprocessable when the id was used for something else */
export function next(known: Revised<Intent> | undefined, request: Repeated): Next {
  if (!known) return { step: 'begin' };
  const { value, revision } = known;
  if (value.key !== request.key || value.contentType !== request.contentType) throw reused();
  switch (value.state) {
    case 'done':
      return { step: 'repeat', intent: value };
    case 'stored':
      return { step: 'finish', intent: { value, revision } };
    case 'open':
    case 'abandoned':
      return { step: 'takeOver', intent: { value, revision } };
  }
}

export function reused(): Unprocessable {
  return new Unprocessable('the idempotency key was used for another body, key or content type');
}

/**
 * Why the chain takes no version of a datum that it knows, from one who says to be its owner and has what
 * etcd has.
 */
export function refusalOf(
  head: Head,
  { owner }: { owner: string },
): Forbidden | Gone | IntegrityError {
  if (head.owner !== owner) return new Forbidden('the datum is of another owner');
  if (head.erased) return new Gone('the datum was erased');
  return new IntegrityError('the metadata of the datum are missing or do not match the chain');
}

/** The policy that let a put is no longer in force: nothing was stored, and the same again is decided anew. */
export class PolicyChanged extends Conflict {}

/** Milliseconds for which nobody but the attempt itself touches an intent. */
export const patience = { open: 15 * 60_000, stored: 60_000, done: 24 * 3600_000 };

/** Milliseconds. */
export const ageOf = (since: string, now: Date): number =>
  now.getTime() - new Date(since).getTime();

/** What the sweep does with an intent. */
export type Fate =
  | { fate: 'leave' }
  | { fate: 'finish'; intent: Revised<StoredIntent> }
  | { fate: 'remove'; intent: Revised<UnfinishedIntent> }
  | { fate: 'forget'; intent: Revised<DoneIntent> };

/** @param removed whether its network was removed: then nothing can be finished any more */
export function fateOf({ value, revision }: Revised<Intent>, now: Date, removed: boolean): Fate {
  const age = ageOf(value.since, now);
  if (value.state === 'done') {
    return age > patience.done || removed
      ? { fate: 'forget', intent: { value, revision } }
      : { fate: 'leave' };
  }
  if (removed || value.state === 'abandoned')
    return { fate: 'remove', intent: { value, revision } };
  if (age <= patience[value.state]) return { fate: 'leave' };
  return value.state === 'stored'
    ? { fate: 'finish', intent: { value, revision } }
    : { fate: 'remove', intent: { value, revision } };
}
