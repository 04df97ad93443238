import { Unavailable } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { KeptVersion } from '../lib/data/metadata.ts';
import { wrappingOf } from '../lib/data/keys.ts';
import { VaultRefusal } from '../lib/vault/client.ts';
import type { Deps } from './deps.ts';
import { holds, isOlder, type Rotation } from './decisions.ts';

/**
 * Has every data key wrapped anew that is under an older version of a key that rotates. It may end anywhere: what is
 * done is not done again.
 *
 * @param rotations by user
 * @throws Unavailable when etcd or Vault does not answer
 * @returns the users of whom something of an older version was found. It was wrapped anew, if it could be; that nothing
 *   is left is said by the pass that finds nothing
 */
export async function rewrapAll(
  deps: Deps,
  rotations: ReadonlyMap<string, Rotation>,
  log: Logger,
): Promise<Set<string>> {
  const held = new Set<string>();
  // Puts before versions: one that leaves the first meanwhile is met among the second.
  for await (const { value } of deps.metadata.intents()) {
    const rotation = rotations.get(value.owner);
    if (rotation && holds(value, rotation)) held.add(value.owner);
  }
  for await (const version of deps.metadata.versions()) {
    const { owner } = version.value;
    const rotation = rotations.get(owner);
    if (!rotation || !isOlder(wrappingOf(version.value), rotation)) continue;
    if (await needsOlder(deps, version, log)) held.add(owner);
  }
  return held;
}

/** Whether a version may need an older version of the key yet: what Vault does not open needs none. */
async function needsOlder(deps: Deps, version: KeptVersion, log: Logger): Promise<boolean> {
  try {
    await rewrap(deps, version);
    return true;
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    const { owner: user, index } = version.value;
    log.warn({ error, user, index }, 'a data key was not wrapped anew');
    return !(error instanceof VaultRefusal && error.status === 400);
  }
}

/** The record of one that is changed or erased meanwhile stays as it is. */
async function rewrap({ keys, metadata }: Deps, version: KeptVersion): Promise<void> {
  const { value } = version;
  await metadata.rewrap(version, await keys.rewrap(value.owner, wrappingOf(value)));
}
