/**
 * The story of erasing a datum, in the order that makes a crash anywhere harmless:
 *
 *  1. begin: a note in etcd says so, for the sweep to finish what is cut off;
 *  2. anchor: the chain keeps the erasure. From here on it is gone to readers, and no put is taken;
 *  3. close: one etcd transaction says so in the datum. What was anchored before and not published yet will not
 *     be. The policy stays: it says who may know that there was something;
 *  4. all records of versions go, and with their wrapped keys what could open a ciphertext; all proposals, too;
 *  5. remove: the ciphertext of every version that the chain knows; then the note is struck.
 *
 * Only the owner whom the chain names takes the second step. The others go by the chain alone: what stands in
 * etcd may have been made up. Out of space, etcd takes no note but all deletions; what is cut off then is
 * finished by who asks again.
 */
import { withDeadline } from '../lib/deadline.ts';
import { asked, lag } from '../lib/data/chain.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Head } from '../lib/data/fact.ts';
import { NoSpace, NotFound, Unavailable } from '../lib/errors.ts';
import type { Caller } from '../lib/function/authentication.ts';
import { until } from '../lib/until.ts';
import { amend, mayYetBe } from './amend.ts';
import { anyOf, caughtUp } from './caught-up.ts';
import type { Deps } from './deps.ts';
import { close, removeAll } from './finish-erasure.ts';

export interface ErasureRequest {
  ref: DatumRef;
  caller: Pick<Caller, 'id'>;
}

const words = {
  overtaken: 'others kept changing the datum; nothing was erased',
  open: 'the datum may not be erased yet',
};

/** Milliseconds for which an answer waits for ciphertexts that nobody can open any more. */
const mostWaited = 2000;

/**
 * Erases a datum with all its versions, or finds that it was erased, and removes what is left. Afterwards
 * nothing opens it; ciphertexts that cannot be removed within two seconds are left to the sweep.
 *
 * @returns the transaction that keeps the erasure
 * @throws NotFound when there is no such datum of the caller's
 * @throws Conflict when others kept changing it; nothing was erased
 * @throws Unprocessable when peers refuse; nothing was erased
 * @throws FateOpen when it may be erased yet, or not all of its keys are removed: the same again tells
 */
export async function eraseDatum(deps: Deps, request: ErasureRequest): Promise<string> {
  const { ref } = request;
  const { transactionId, noted } = await putInForce(deps, request);
  try {
    const head = await erasedHead(deps, ref);
    await close(deps, ref, head);
    await removeSoon(deps, ref, head, noted);
  } catch (error) {
    throw mayYetBe(error, words.open);
  }
  return transactionId;
}

/** An erasure that the chain keeps, and whether the sweep will find it. */
interface InForce {
  transactionId: string;
  noted: boolean;
}

function putInForce(deps: Deps, request: ErasureRequest): Promise<InForce> {
  const { ref } = request;
  return amend(words, async (send) => {
    await requireOwner(deps, request);
    const begun = await begin(deps, ref);
    if (begun === 'changed') return undefined;
    const transactionId = await send(() => anchor(deps, ref));
    return transactionId === undefined ? undefined : { transactionId, noted: begun === 'noted' };
  });
}

/** To others than whom the chain names there is no such datum. */
async function requireOwner(deps: Deps, { ref, caller }: ErasureRequest): Promise<void> {
  const datum = await deps.metadata.datum(ref);
  const head = await caughtUp(deps, ref, { current: anyOf(datum?.value) });
  if (head?.owner !== caller.id) throw new NotFound('there is no such datum');
}

async function begin(
  { metadata, now }: Deps,
  ref: DatumRef,
): Promise<'noted' | 'changed' | 'no space'> {
  try {
    return (await metadata.begin({ ...ref, since: now().toISOString() })) ? 'noted' : 'changed';
  } catch (error) {
    // Then erasing is what is needed most.
    if (error instanceof NoSpace) return 'no space';
    throw error;
  }
}

async function anchor({ chain, names }: Deps, ref: DatumRef): Promise<string> {
  const { incarnation } = ref;
  return chain.amend(ref, { kind: 'erasure', id: await names.idOf(ref), incarnation });
}

/** The head once peers of two organizations have the erasure: from then on no version follows. */
async function erasedHead({ chain, names }: Deps, ref: DatumRef): Promise<Head> {
  const id = await names.idOf(ref);
  const waiting = { what: 'peers to have the erasure', timeoutMs: lag, firstMs: 25 };
  return until(waiting, async () => {
    const head = await asked(chain.head(ref, id));
    return head?.erased === true && head;
  });
}

/**
 * The object store keeps a removal waiting for as long as somebody reads the object. Whoever erases does not
 * wait for that, where the sweep will find what is left.
 */
async function removeSoon(deps: Deps, ref: DatumRef, head: Head, noted: boolean): Promise<void> {
  const removing = removeAll(deps, ref, head);
  if (!noted) return removing;
  const late = () => new Unavailable('the ciphertexts are removed later');
  try {
    await withDeadline(mostWaited, removing, late);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
}
