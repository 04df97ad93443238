import type { KeyWorks } from '../lib/vault/key-work.ts';
import type { UserKeys } from '../lib/vault/user-keys.ts';
import type { UserNotes } from '../lib/vault/user-notes.ts';

/** What looks after users' keys. */
export interface Deps {
  keys: UserKeys;
  notes: Pick<UserNotes, 'read' | 'bury'>;
  works: KeyWorks;
  /** The clock. */
  now: () => Date;
}
