import type { Metadata } from '../lib/data/metadata.ts';
import type { Broker } from '../lib/function/broker.ts';
import type { KeyWorks } from '../lib/vault/key-work.ts';
import type { UserKeys } from '../lib/vault/user-keys.ts';
import type { UserNotes } from '../lib/vault/user-notes.ts';

/** What looks after users' keys. */
export interface Deps {
  keys: UserKeys;
  notes: Pick<UserNotes, 'read' | 'bury'>;
  works: KeyWorks;
  metadata: Pick<Metadata, 'intents' | 'versions' | 'rewrap'>;
  broker: Broker;
  /** The clock. */
  now: () => Date;
}
