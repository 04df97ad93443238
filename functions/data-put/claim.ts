/** Allotting the version that a put will write. */
import { randomUUID } from 'node:crypto';
import { Conflict, Forbidden, Gone } from '../lib/errors.ts';
import type { Tier } from '../lib/events.ts';
import {
  recordIndex,
  type Datum,
  type Intent,
  type NetworkRef,
  type Revised,
} from '../lib/data/metadata.ts';
import { ownerOnly } from '../lib/data/access-policy.ts';
import type { Parts, PutRequest } from './deps.ts';
import { removeCiphertext } from './store.ts';

/** Others may claim versions of the same datum at the same moment; each try lets one of them in. */
const mostTries = 50;

/**
 * Claims the next version of the datum, or the first of a new one, which then is the caller's.
 *
 * @throws Conflict when another try of the same put came first, or too many other puts did
 */
export async function begin(
  parts: Parts,
  request: PutRequest,
  tier: Tier,
): Promise<Revised<Intent>> {
  const { metadata, now } = parts;
  const { ref, caller, id, contentType } = request;
  for (let tries = 0; tries < mostTries; tries++) {
    const datum = await requireWritable(parts, request);
    const at = now().toISOString();
    const intent: Intent = {
      id,
      ...ref,
      version: datum?.value.next ?? 1,
      owner: datum?.value.owner ?? caller.id,
      tier,
      index: freshIndex(parts, ref, tier),
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
  parts: Parts,
  known: Revised<Intent>,
  tier: Tier,
): Promise<Revised<Intent>> {
  const since = parts.now().toISOString();
  // Its transaction held another ciphertext's digest, and says nothing of the one to come.
  const { pending: _, ...rest } = known.value;
  const mine: Intent = { ...rest, attempt: randomUUID(), since, state: 'abandoned' };
  const taken = await parts.metadata.advance(known, mine);
  if (!taken) throw new Conflict('another try of the same put is under way');
  await removeCiphertext(parts, mine);
  const index = freshIndex(parts, mine, tier);
  const again = await parts.metadata.advance(taken, { ...mine, tier, index, state: 'open' });
  if (!again) throw new Conflict('another try of the same put is under way');
  return again;
}

/**
 * @returns the datum as it is now; undefined when it is new, and anyone who may put may make it
 */
export async function requireWritable(
  { metadata, decide }: Parts,
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

function freshIndex({ objects }: Parts, ref: NetworkRef, tier: Tier): string {
  const name = randomUUID();
  return tier === 'record'
    ? recordIndex(ref, name)
    : objects.index(`${ref.namespace}/${ref.network}/${name}`);
}
