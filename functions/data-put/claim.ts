/** Allotting the version that a put will write, taking over from a cut-off try, and giving up. */
import { randomUUID } from 'node:crypto';
import { Conflict, Forbidden, Gone } from '../lib/errors.ts';
import type { Tier } from '../lib/events.ts';
import { ownerOnly } from '../lib/data/access-policy.ts';
import { objectPlace, recordPlace, type Incarnation } from '../lib/data/datum.ts';
import type {
  AbandonedIntent,
  Allotment,
  Datum,
  OpenIntent,
  Revised,
  UnfinishedIntent,
} from '../lib/data/model.ts';
import type { Deps, PutRequest } from './deps.ts';
import { removeCiphertext, type Stores } from './store.ts';

/** Others may claim versions of the same datum at the same moment; each try lets one of them in. */
const mostTries = 50;

/**
 * Claims the next version of the datum, or the first of a new one, which then is the caller's.
 *
 * @throws Conflict when another try of the same put came first, or too many other puts did
 */
export async function claim(
  deps: Deps,
  request: PutRequest,
  tier: Tier,
): Promise<Revised<OpenIntent>> {
  const { metadata, now } = deps;
  const { ref, caller, id, contentType } = request;
  for (let tries = 0; tries < mostTries; tries++) {
    const datum = await requireWritable(deps, request);
    const at = now().toISOString();
    const intent: OpenIntent = {
      id,
      ...ref,
      version: datum?.value.next ?? 1,
      owner: datum?.value.owner ?? caller.id,
      tier,
      index: freshIndex(deps, ref, tier),
      contentType,
      createdAt: at,
      attempt: randomUUID(),
      since: at,
      state: 'open',
    };
    const claimed = await metadata.claim({ intent, datum, policy: ownerOnly });
    if (claimed) return claimed;
    if (await metadata.intent(ref, id)) break;
  }
  throw new Conflict('another put came first; try again');
}

/**
 * Takes over from an attempt that was cut off, with the version it was allotted: from here on
 * its writes fail. Removes what it left first, so that the intent always names all there is.
 *
 * @throws Conflict when yet another try does the same
 */
export async function takeOver(
  deps: Deps,
  known: Revised<OpenIntent | AbandonedIntent>,
  tier: Tier,
): Promise<Revised<OpenIntent>> {
  const since = deps.now().toISOString();
  const mine = { ...abandoned(known.value), attempt: randomUUID(), since };
  const taken = await deps.metadata.advance(known, mine);
  if (!taken) throw new Conflict('another try of the same put is under way');
  await removeCiphertext(deps, mine);
  const index = freshIndex(deps, mine, tier);
  const again = await deps.metadata.advance(taken, { ...mine, tier, index, state: 'open' });
  if (!again) throw new Conflict('another try of the same put is under way');
  return again;
}

/**
 * Gives an intent up: first so that no write of its attempt can succeed any more, then removes
 * what it wrote, then forgets it. Does nothing when the intent was changed meanwhile: then it is
 * somebody else's, or it is whole after all.
 */
export async function clean(deps: Stores, intent: Revised<UnfinishedIntent>): Promise<void> {
  const ours = await deps.metadata.advance(intent, abandoned(intent.value));
  if (!ours) return;
  await removeCiphertext(deps, ours.value);
  await deps.metadata.forget(ours);
}

/** What is left of an intent that is given up: its transaction, if any, says nothing any more. */
function abandoned(intent: UnfinishedIntent): AbandonedIntent {
  const onceStored = intent.state === 'stored' || intent.onceStored === true;
  return { ...allotmentOf(intent), state: 'abandoned', ...(onceStored && { onceStored }) };
}

/** What is common to all states of an intent. */
export function allotmentOf(intent: Allotment): Allotment {
  const { namespace, network, incarnation, key, id, version, owner, tier, index } = intent;
  const { contentType, createdAt, attempt, since } = intent;
  return {
    ...{ namespace, network, incarnation, key, id, version, owner, tier, index },
    ...{ contentType, createdAt, attempt, since },
  };
}

/**
 * @returns the datum as it is now; undefined when it is new, and anyone who may put may make it
 */
export async function requireWritable(
  { metadata, decide }: Deps,
  { ref, caller }: PutRequest,
): Promise<Revised<Datum> | undefined> {
  const datum = await metadata.datum(ref);
  if (!datum) return undefined;
  const { owner, erasedAt } = datum.value;
  if (erasedAt !== undefined) throw new Gone('the datum was erased');
  const network = `${ref.namespace}/${ref.network}`;
  const { allowed, reason, policies } = await decide({
    caller,
    action: 'write',
    resource: { network, key: ref.key, owner },
    policy: (await metadata.policy(ref)) ?? '',
  });
  if (!allowed) throw new Forbidden(`writing is denied: ${reason}`, { members: { policies } });
  return datum;
}

function freshIndex({ objects }: Deps, network: Incarnation, tier: Tier): string {
  const name = randomUUID();
  const place =
    tier === 'record' ? recordPlace(network, name) : objectPlace(network, objects.bucket, name);
  return place.index;
}
