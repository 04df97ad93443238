/** Claiming the place that a put will write to, taking over from a cut-off try, and giving up. */
import { randomUUID } from 'node:crypto';
import { persist } from '../lib/backoff.ts';
import { asked } from '../lib/data/chain.ts';
import { Conflict, FateOpen, Forbidden, Gone } from '../lib/errors.ts';
import type { Tier } from '../lib/events.ts';
import { ownerOnly } from '../lib/data/access-policy.ts';
import { policyDigest } from '../lib/data/digests.ts';
import {
  locate,
  objectPlace,
  recordPlace,
  type DatumRef,
  type Incarnation,
} from '../lib/data/datum.ts';
import type {
  AbandonedIntent,
  Allotment,
  Datum,
  OpenIntent,
  Revised,
  UnfinishedIntent,
} from '../lib/data/model.ts';
import type { Deps, Put } from './deps.ts';
import { refusalOf } from './decisions.ts';
import { currentVersion, mustFollow } from './preconditions.ts';
import {
  isAnchored,
  isPast,
  keysLeft,
  removeCiphertext,
  removeFormer,
  type Removing,
  type Stores,
} from './store.ts';

/** Others may change the same datum at the same moment: together some five seconds. */
export const contention = { tries: 20, firstMs: 10, mostMs: 500 };

/**
 * Claims a place for a version of the datum, or for the first of a new one, which then is the caller's.
 *
 * @throws Conflict when too many other puts came first; nothing was written
 * @throws FateOpen when another try of the same put came first
 */
export async function claim(deps: Deps, request: Put, tier: Tier): Promise<Revised<OpenIntent>> {
  const { metadata, now } = deps;
  const { ref, caller, id, contentType } = request;
  const claimed = await persist(contention, async () => {
    const { datum, ...terms } = await requireWritable(deps, request);
    const at = now().toISOString();
    const intent: OpenIntent = {
      id,
      ...ref,
      owner: datum?.value.owner ?? caller.id,
      ...terms,
      tier,
      index: freshIndex(deps, ref, tier),
      contentType,
      createdAt: at,
      attempt: randomUUID(),
      since: at,
      state: 'open',
    };
    const mine = await metadata.claim({ intent, datum, policy: ownerOnly });
    if (!mine && (await metadata.intent(ref, id))) throw underWay();
    return mine;
  });
  if (!claimed) throw new Conflict('other puts came first; nothing was stored, try again');
  return claimed;
}

/**
 * Takes over from an attempt that was cut off: from here on its writes fail. Removes what it left first,
 * so that the intent always names all there is.
 *
 * @param terms as which tier, and on which terms
 * @throws FateOpen when yet another try does the same
 */
export async function takeOver(
  deps: Deps,
  known: Revised<OpenIntent | AbandonedIntent>,
  { tier, ...terms }: Pick<Allotment, 'tier'> & Terms,
): Promise<Revised<OpenIntent>> {
  const since = deps.now().toISOString();
  const { after: _, ...before } = abandoned(known.value);
  const mine = {
    ...before,
    ...terms,
    attempt: randomUUID(),
    since,
    ...formerOf(known.value, deps.now()),
  };
  const taken = await deps.metadata.advance(known, mine);
  if (!taken) throw underWay();
  if (!(await isAnchored(deps, mine, mine.index))) await removeCiphertext(deps, mine);
  const index = freshIndex(deps, mine, tier);
  const again = await deps.metadata.advance(taken, { ...mine, tier, index, state: 'open' });
  if (!again) throw underWay();
  return again;
}

/** For a try that finds another one at work: that one decides what becomes of the put. */
export function underWay(): FateOpen {
  return new FateOpen('another try of the same put is under way');
}

/**
 * Gives an intent up whose ciphertext the chain does not know, so that no write of its attempt can succeed any
 * more.
 *
 * @returns what removes the ciphertext that it left and forgets it; undefined when it was changed
 *   meanwhile: then it is somebody else's, or it is whole after all
 */
export async function giveUp(
  deps: Stores,
  intent: Revised<UnfinishedIntent>,
  removing?: Removing,
): Promise<(() => Promise<void>) | undefined> {
  const { metadata, objects } = deps;
  const place = locate(intent.value, objects.bucket, intent.value.index);
  if (place.tier === 'record' && !intent.value.former) {
    const gone = await metadata.forget(intent, keysLeft(deps, intent.value));
    return gone ? () => Promise.resolve() : undefined;
  }
  const ours = await metadata.advance(intent, abandoned(intent.value));
  return ours && (() => bury(deps, ours, removing));
}

/** Forgets an intent that was given up once nothing is left of it and nothing more can come. */
async function bury(
  deps: Stores,
  intent: Revised<AbandonedIntent>,
  removing?: Removing,
): Promise<void> {
  await removeCiphertext(deps, intent.value);
  if (!(await removeFormer(deps, intent.value, removing))) return;
  await deps.metadata.forget(intent);
}

/**
 * Gives an intent up and removes what it left, where it is still as it was seen. What the chain knows stays:
 * then there was a version, and only the intent goes, with what attempts before it wrote.
 *
 * @throws IntegrityError when it names the ciphertext of another datum
 */
export async function clean(
  deps: Stores,
  intent: Revised<UnfinishedIntent>,
  removing: Removing = {},
): Promise<void> {
  const { value } = intent;
  if (!removing.gone && (await isAnchored(deps, value, value.index))) {
    // Nothing that attempts before it wrote is a version.
    if (!(await removeFormer(deps, value))) return;
    const { revision } = intent;
    await deps.metadata.forget({ revision, value: { ...abandoned(value), onceStored: true } });
    return;
  }
  const remove = await giveUp(deps, intent, removing);
  await remove?.();
}

/** What is left of an intent that is given up: its transaction, if any, says nothing any more. */
function abandoned(intent: UnfinishedIntent): AbandonedIntent {
  const onceStored = intent.state === 'stored' || intent.onceStored === true;
  return { ...allotmentOf(intent), state: 'abandoned', ...(onceStored && { onceStored }) };
}

/** With the object of the attempt that is taken over from: it may still arrive. */
function formerOf({ tier, index, since, former = [] }: Allotment, now: Date) {
  const all = tier === 'object' ? [...former, { index, since }] : former;
  const young = all.filter((one) => !isPast(one, now));
  return { ...(young.length > 0 && { former: young }) };
}

/** What is common to all states of an intent. */
export function allotmentOf(intent: Allotment): Allotment {
  const { namespace, network, incarnation, key, id, owner, policy, after, tier, index } = intent;
  const { contentType, createdAt, attempt, since, former } = intent;
  return {
    ...{ namespace, network, incarnation, key, id, owner, policy, tier, index },
    ...{ contentType, createdAt, attempt, since },
    ...(after !== undefined && { after }),
    ...(former && { former }),
  };
}

/**
 * What the chain holds a version to, so that what is decided before holds there: the digest of the policy that
 * lets the caller, and the version that it must follow.
 */
type Terms = Pick<Allotment, 'policy' | 'after'>;

/**
 * @returns the datum as it is now; undefined when it is new, and anyone who may put may make it
 * @throws Forbidden, Gone, PreconditionFailed, IntegrityError, Unavailable
 */
export async function requireWritable(
  deps: Deps,
  { ref, caller, conditions }: Put,
): Promise<Terms & { datum: Revised<Datum> | undefined }> {
  const { metadata, decide, chain, names } = deps;
  const datum = await metadata.datum(ref);
  if (!datum) {
    // A name that etcd has lost is not free: the chain knows whose it is.
    const head = await asked(chain.head(ref, await names.idOf(ref)));
    if (head) throw refusalOf(head, { owner: caller.id });
    return { datum, policy: policyDigest(ownerOnly), ...following(conditions, undefined) };
  }
  const { owner, erasedAt } = datum.value;
  const network = `${ref.namespace}/${ref.network}`;
  const policy = (await metadata.policy(ref)) ?? '';
  const { allowed, reason, policies } = await decide({
    caller,
    action: 'write',
    resource: { network, key: ref.key, owner },
    policy,
  });
  if (!allowed) throw new Forbidden(`writing is denied: ${reason}`, { members: { policies } });
  // Afterwards: that it was there is nothing for others.
  if (erasedAt !== undefined) throw new Gone('the datum was erased');
  const isConditional = Object.values(conditions).some((one) => one !== undefined);
  const current = isConditional ? await currentVersion(deps, ref, datum.value) : undefined;
  return { datum, policy: policyDigest(policy), ...following(conditions, current) };
}

function following(...given: Parameters<typeof mustFollow>): Pick<Terms, 'after'> {
  const after = mustFollow(...given);
  return after === undefined ? {} : { after };
}

/** @throws Gone */
export async function requireNotErased(
  { metadata, chain, names }: Pick<Deps, 'metadata' | 'chain' | 'names'>,
  ref: DatumRef,
): Promise<void> {
  const datum = await metadata.datum(ref);
  // Out of space, etcd forgets what is erased.
  const head = datum ? undefined : await asked(chain.head(ref, await names.idOf(ref)));
  if (datum?.value.erasedAt !== undefined || head?.erased) throw new Gone('the datum was erased');
}

function freshIndex({ objects }: Deps, network: Incarnation, tier: Tier): string {
  const name = randomUUID();
  const place =
    tier === 'record' ? recordPlace(network, name) : objectPlace(network, objects.bucket, name);
  return place.index;
}
