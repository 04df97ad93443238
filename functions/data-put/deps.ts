import type { Readable } from 'node:stream';
import type { Caller } from '../lib/function/authentication.ts';
import type { Conditions } from '../lib/conditions.ts';
import type { Decide, Validate } from '../lib/data/access-policy.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Keys } from '../lib/data/keys.ts';
import type { Metadata } from '../lib/data/metadata.ts';
import type { Names } from '../lib/data/names.ts';
import type { OutboxEntry } from '../lib/data/model.ts';
import type { Objects } from '../lib/data/objects.ts';
import type { Tier } from '../lib/events.ts';
import type { Memory } from '../lib/memory.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';
import type { Incarnations } from '../lib/vault/incarnations.ts';
import type { GroupCommit } from './group-commit.ts';

/** What a put works with. */
export interface Deps {
  networks: Pick<Ledgers, 'find'>;
  metadata: Metadata;
  objects: Objects;
  keys: Keys;
  names: Names;
  chain: GroupCommit;
  /** What bodies under way share: those that are here as a whole, and those that go on as their sender likes. */
  memory: { whole: Memory; going: Memory };
  decide: Decide;
  validate: Validate;
  incarnations: Pick<Incarnations, 'removed' | 'forget'>;
  /** Tells the Broker of a new version; does not wait, and what fails is sent by the sweep. */
  announce: (event: OutboxEntry) => void;
  /** The clock. */
  now: () => Date;
}

/** A put but for its body. */
export interface Put {
  ref: DatumRef;
  caller: Caller;
  /** The same for every try of the same put. */
  id: string;
  /** Which version it may follow. */
  conditions: Conditions;
  contentType: string;
  /** Aborted when the caller leaves. */
  signal: AbortSignal;
}

export interface PutRequest extends Put {
  tier: Tier | undefined;
  body: Readable;
}
