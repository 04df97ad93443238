import type { Readable } from 'node:stream';
import type { Caller } from '../lib/function/authentication.ts';
import type { Tier } from '../lib/events.ts';
import type { Keys } from '../lib/data/keys.ts';
import type { DatumRef, Metadata, OutboxEntry } from '../lib/data/metadata.ts';
import type { Objects } from '../lib/data/objects.ts';
import type { Decide } from '../lib/data/access-policy.ts';
import type { Anchors } from './anchors.ts';

/** What a put works with. */
export interface Parts {
  metadata: Metadata;
  objects: Objects;
  keys: Keys;
  anchors: Anchors;
  decide: Decide;
  /** Tells the Broker of a new version; does not wait, and what fails is sent by the sweep. */
  announce: (event: OutboxEntry) => void;
  /** The clock. */
  now: () => Date;
}

export interface PutRequest {
  ref: DatumRef;
  caller: Caller;
  /** The same for every try of the same put. */
  id: string;
  tier: Tier | undefined;
  contentType: string;
  body: Readable;
  /** Aborted when the caller leaves. */
  signal: AbortSignal;
}
