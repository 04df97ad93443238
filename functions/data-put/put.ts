/**
 * The story of a put, in the order that makes a crash anywhere harmless:
 *
 *  1. claim: an intent in etcd (create-if-absent on the idempotency id);
 *  2. store: the ciphertext is written under a name that is never used again, then the intent
 *     says that it is whole, with its digest and wrapped key, and the version's record is there;
 *  3. anchor: the chain keeps the version's fact, and gives it its number;
 *  4. publish: one etcd transaction makes it current, closes the intent with the receipt, and
 *     queues the event.
 *
 * Before the ciphertext is whole a retry writes anew; from then on anyone can finish it, body or not.
 */
import type { Readable } from 'node:stream';
import {
  Conflict,
  FateOpen,
  NotFound,
  PreconditionFailed,
  Unavailable,
  Unprocessable,
} from '../lib/errors.ts';
import type { Receipt, Tier } from '../lib/events.ts';
import { asked } from '../lib/data/chain.ts';
import type { OpenIntent, Revised, StoredIntent } from '../lib/data/model.ts';
import { anchor } from './anchor.ts';
import { digestOf, open } from './body.ts';
import { claim, clean, giveUp, requireNotErased, requireWritable, takeOver } from './claim.ts';
import { chooseTier, heldBy, next, PolicyChanged, refusalOf, reused } from './decisions.ts';
import type { Deps, Put, PutRequest } from './deps.ts';
import { catchUp } from './enact.ts';
import { failed } from './preconditions.ts';
import { publish } from './publish.ts';
import { store } from './store.ts';

/**
 * Stores a new version of a datum, or repeats the receipt of a put that was already done.
 *
 * @throws BadRequest when the body was cut off
 * @throws Forbidden when the datum is another's and its policy does not let the caller write
 * @throws Gone when the datum was erased
 * @throws NotFound when the network was removed meanwhile
 * @throws Unprocessable when the idempotency id was used for another body
 * @throws PreconditionFailed when another version is there than the one meant; nothing was stored
 * @throws Conflict when too many other puts came first, or another policy came into force; nothing was stored
 * @throws IntegrityError when the chain does not support what etcd says of the datum; nothing was stored
 * @throws FateOpen when it may be stored yet: the same put again tells
 * @throws TooLarge, NoSpace, Unavailable; nothing was stored
 */
export async function put(deps: Deps, request: PutRequest): Promise<Receipt> {
  const { extent, whole } = await open(request.body);
  const tier = chooseTier(request.tier, request.contentType, extent);
  const work = (): Promise<Receipt> => putAs(deps, request, { tier, whole });
  const { caller, signal } = request;
  const memory = extent === 'more' ? deps.memory.going : deps.memory.whole;
  return memory.hold({ user: caller.id, bytes: heldBy(extent), signal }, work);
}

interface Body {
  tier: Tier;
  whole: Readable;
}

/**
 * The same for a body whose memory is held already, as a whole or as it comes. What another try of the same put has
 * stored meanwhile makes its own condition false: then it is done.
 *
 * @throws what {@link put} throws
 */
export async function putAs(deps: Deps, request: Put, body: Body): Promise<Receipt> {
  try {
    return await attempt(deps, request, body);
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error;
    const state = (await deps.metadata.intent(request.ref, request.id))?.value.state;
    if (state !== 'stored' && state !== 'done') throw error;
    return attempt(deps, request, body);
  }
}

async function attempt(deps: Deps, request: Put, { tier, whole }: Body): Promise<Receipt> {
  const { ref, id, contentType, signal } = request;
  const todo = next(await deps.metadata.intent(ref, id), { key: ref.key, contentType });
  switch (todo.step) {
    case 'begin': {
      const intent = await claim(deps, request, tier);
      return complete(deps, await write(deps, intent, whole, signal), { fresh: true });
    }
    case 'takeOver': {
      const { datum: _, ...terms } = await requireWritable(deps, request);
      const intent = await takeOver(deps, todo.intent, { tier, ...terms });
      return complete(deps, await write(deps, intent, whole, signal), { fresh: true });
    }
    case 'finish': {
      const { owner, stored } = todo.intent.value;
      await requireSameBody(deps, { owner, fingerprint: stored.fingerprint }, whole);
      return complete(deps, todo.intent, { fresh: false });
    }
    case 'repeat':
      await requireSameBody(deps, todo.intent, whole);
      await requireNotErased(deps, ref);
      return todo.intent.receipt;
  }
}

/** Finishes it now, or says that it will be: from here on the sweep does what is left. */
async function complete(...put: Parameters<typeof finish>): Promise<Receipt> {
  try {
    return await finish(...put);
  } catch (error) {
    throw mayYetBe(error);
  }
}

/** What passes: the version is anchored and published by the next try, or by the sweep. */
function mayYetBe(error: unknown): unknown {
  if (error instanceof FateOpen || error instanceof PolicyChanged) return error;
  if (!(error instanceof Unavailable || error instanceof Conflict)) return error;
  return new FateOpen(`the put is not done yet: ${error.message}`, { cause: error });
}

/**
 * Makes a version of a whole ciphertext. Needs no body, so anyone can do it.
 *
 * @param fresh nobody tried to anchor it before; else the chain is asked first
 */
export async function finish(
  deps: Deps,
  intent: Revised<StoredIntent>,
  { fresh }: { fresh: boolean },
): Promise<Receipt> {
  try {
    const anchoring = await anchor(deps, intent, fresh);
    const { receipt, event } = await publish(deps, intent, anchoring);
    if (event) deps.announce(event);
    return receipt;
  } catch (error) {
    if (!(await isFinal(deps, intent.value, error))) throw error;
    await clean(deps, intent);
    throw await explain(deps, intent.value, error);
  }
}

/** Whether no later try can succeed: the chain refused it for good, or took it, and the datum was erased since. */
async function isFinal(deps: Deps, intent: StoredIntent, error: unknown): Promise<boolean> {
  if (error instanceof Unprocessable) return true;
  if (!(error instanceof NotFound)) return false;
  const head = await asked(deps.chain.head(intent, await deps.names.idOf(intent)));
  return head?.erased === true;
}

/** Peers refuse in their own words; the head tells what etcd has wrong, or what came first. */
async function explain(deps: Deps, intent: StoredIntent, refusal: unknown): Promise<unknown> {
  const { owner, policy, after } = intent;
  const head = await asked(deps.chain.head(intent, await deps.names.idOf(intent)));
  if (!head) return refusal;
  if (head.owner !== owner || head.erased) return refusalOf(head, { owner });
  if (after !== undefined && head.version > after) return failed(head.version);
  if (head.policy === policy) return refusal;
  // Whoever changed it may have ended before the next try could see what is in force.
  return (await catchUp(deps.metadata, intent, head))
    ? new PolicyChanged('another policy came into force; nothing was stored, try again')
    : refusalOf(head, { owner });
}

/** Stores the body; when that fails, removes what it left. What cannot be removed now is swept. */
async function write(
  deps: Deps,
  intent: Revised<OpenIntent>,
  body: Readable,
  signal: AbortSignal,
): Promise<Revised<StoredIntent>> {
  try {
    return await store(deps, intent, body, signal);
  } catch (error) {
    const remove = await giveUp(deps, intent).catch(() => undefined);
    // Without an answer it may be whole after all.
    if (!remove) throw mayYetBe(error);
    await remove().catch(() => undefined);
    throw error;
  }
}

/** Compares by keyed fingerprints: nobody but Vault could compute them from a guess. */
async function requireSameBody(
  { keys }: Deps,
  { owner, fingerprint }: { owner: string; fingerprint: string },
  body: Readable,
): Promise<void> {
  const digest = await digestOf(body);
  if ((await keys.fingerprint(owner, digest, fingerprint)) !== fingerprint) throw reused();
}
