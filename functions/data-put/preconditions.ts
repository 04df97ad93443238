/** What a put makes depend on the version that is there (RFC 9110, section 13). */
import { asked } from '../lib/data/chain.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Anchored } from '../lib/data/fact.ts';
import type { Datum } from '../lib/data/model.ts';
import { matches, matchesNone, versionTag, type Conditions } from '../lib/conditions.ts';
import { Gone, PreconditionFailed, Unavailable } from '../lib/errors.ts';
import { caughtUp } from './caught-up.ts';
import type { Deps } from './deps.ts';

type Current = Pick<Anchored, 'version' | 'digest'>;

/**
 * The number of the version that a put must follow, 0 for none; undefined where it may follow any. The
 * chain is told, and refuses it after another: so what is decided here holds there.
 *
 * @param current the version that is there; undefined when none is
 * @throws PreconditionFailed when another version is there than the one meant
 */
export function mustFollow(
  conditions: Conditions,
  current: Current | undefined,
): number | undefined {
  const version = current?.version ?? 0;
  if (!holds(conditions, current && versionTag(current))) throw failed(version);
  return isAnyMeant(conditions) ? undefined : version;
}

function holds({ ifMatch, ifNoneMatch }: Conditions, tag: string | undefined): boolean {
  const isMeant = ifMatch === undefined || matches(ifMatch, tag);
  return isMeant && (ifNoneMatch === undefined || matchesNone(ifNoneMatch, tag));
}

/** Whether a version that is there may be any: none goes away but with its datum, and nothing follows that. */
function isAnyMeant({ ifMatch = '*', ifNoneMatch }: Conditions): boolean {
  return ifNoneMatch === undefined && ifMatch.trim() === '*';
}

/** @param version the number of the one that is there; 0 when none is */
export function failed(version: number): PreconditionFailed {
  const now = version === 0 ? 'there is no version' : `the version that is there is ${version}`;
  return new PreconditionFailed(now, { members: { version } });
}

/**
 * The version that the chain has as the current one.
 *
 * @param published what etcd has of the datum: peers may lag behind it
 * @throws Gone, Unavailable
 */
export async function currentVersion(
  deps: Pick<Deps, 'chain' | 'names'>,
  ref: DatumRef,
  published: Pick<Datum, 'current'>,
): Promise<Current | undefined> {
  const head = await caughtUp(deps, ref, published);
  if (!head) return undefined;
  if (head.erased) throw new Gone('the datum was erased');
  const found = await asked(deps.chain.version(ref, await deps.names.idOf(ref), head.version));
  if (!found) throw new Unavailable('the version that is there is not to be learnt now');
  return found;
}
