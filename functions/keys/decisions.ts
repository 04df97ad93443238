/** What is decided about users' keys. Pure. */
import { keyVersion } from '../lib/data/keys.ts';
import type { Intent } from '../lib/data/model.ts';
import type { UserKey } from '../lib/vault/user-keys.ts';
import type { KeyWork } from '../lib/vault/key-work.ts';

/** A key with older versions that still open something. */
export interface Rotation {
  /** The version that all is to be wrapped by. */
  latest: number;
  /** When that was made, in milliseconds since the epoch. */
  since: number;
}

/** Undefined for a key that is not rotating. */
export function rotationOf(key: UserKey | undefined): Rotation | undefined {
  const last = key?.versions.at(-1);
  if (!last || key?.versions.length === 1) return undefined;
  return { latest: last.version, since: Date.parse(last.createdAt) };
}

/** Whether something of Vault's is made with an older version; so counts what is not Vault's. */
export function isOlder(made: string, { latest }: Pick<Rotation, 'latest'>): boolean {
  return (keyVersion(made) ?? 0) < latest;
}

/** Milliseconds by which the clocks of Vault and of functions may differ. */
const skew = 5 * 60_000;

/**
 * Whether a put still needs an older version: one that is open may have its data key from before, and of one that is
 * whole or done it is by the fingerprint that the same body is known again.
 */
export function holds(intent: Intent, rotation: Rotation): boolean {
  switch (intent.state) {
    case 'open':
      return Date.parse(intent.since) < rotation.since + skew;
    case 'stored':
      return (
        isOlder(intent.stored.wrapped, rotation) || isOlder(intent.stored.fingerprint, rotation)
      );
    case 'done':
      return isOlder(intent.fingerprint, rotation);
    case 'abandoned':
      return false;
  }
}

/**
 * Milliseconds for which a key is looked at again after something was begun with it: longer than a note counts that
 * `data-put` has read, and than any call under way then, which may have made the key anew.
 */
const settling = 15 * 60_000;

export function isSettled({ since }: Pick<KeyWork, 'since'>, now: Date): boolean {
  return now.getTime() - Date.parse(since) > settling;
}
