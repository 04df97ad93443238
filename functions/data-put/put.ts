/**
 * The story of a put, in the order that makes a crash anywhere harmless:
 *
 *  1. an intent in etcd allots the version (create-if-absent on the idempotency id);
 *  2. the ciphertext is written under a name that is never used again;
 *  3. the intent says that it is whole, with its digest and wrapped key;
 *  4. the chain anchors index and digest;
 *  5. one etcd transaction makes it current, closes the intent with the receipt, and queues
 *     the event.
 *
 * Before 3 a retry writes anew; from 3 on anyone can finish it, body or not.
 */
import type { Readable } from 'node:stream';
import { Unprocessable } from '../lib/errors.ts';
import type { Receipt } from '../lib/events.ts';
import type { Intent, Revised } from '../lib/data/metadata.ts';
import { digestOf, open } from './body.ts';
import { begin, requireWritable, takeOver } from './claim.ts';
import { chooseTier, next, reused } from './decisions.ts';
import { finish } from './finish.ts';
import type { Parts, PutRequest } from './deps.ts';
import { clean, store } from './store.ts';

/**
 * Stores a new version of a datum, or repeats the receipt of a put that was already done.
 *
 * @throws BadRequest when the body was cut off
 * @throws Forbidden when the datum is another's and its policy does not let the caller write
 * @throws Gone when the datum was erased
 * @throws NotFound when the network does not exist or is not ready
 * @throws Unprocessable when the idempotency id was used for another body
 * @throws Conflict when another try of the same put took over
 * @throws TooLarge, NoSpace, Unavailable
 */
export async function put(parts: Parts, request: PutRequest): Promise<Receipt> {
  const { ref, id, contentType } = request;
  const { extent, whole } = await open(request.body);
  const tier = chooseTier(request.tier, contentType, extent);
  const known = await parts.metadata.intent(ref, id);
  switch (next(known?.value, { key: ref.key, contentType })) {
    case 'begin': {
      // Before anything is written: what no chain can anchor would be left for good.
      await parts.anchors.requireNetwork(ref);
      const intent = await begin(parts, request, tier);
      return complete(parts, await write(parts, intent, whole, request.signal), true);
    }
    case 'takeOver': {
      await requireWritable(parts, request);
      const intent = await takeOver(parts, known as Revised<Intent>, tier);
      return complete(parts, await write(parts, intent, whole, request.signal), true);
    }
    case 'finish':
      await requireSameBody(parts, known?.value, whole);
      return complete(parts, known as Revised<Intent>, false);
    case 'repeat':
      await requireSameBody(parts, known?.value, whole);
      return known?.value.receipt as Receipt;
  }
}

/** Anchors and publishes an intent whose ciphertext is whole. */
export async function complete(
  parts: Parts,
  intent: Revised<Intent>,
  fresh: boolean,
): Promise<Receipt> {
  try {
    const { receipt, event } = await finish(parts, intent, fresh);
    if (event) parts.announce(event);
    return receipt;
  } catch (error) {
    // Refused by the chain for good, and nothing was sent: no later try can succeed.
    if (error instanceof Unprocessable) await clean(parts, intent);
    throw error;
  }
}

/** Stores the body; when that fails, removes what it left. What cannot be removed now is swept. */
async function write(
  parts: Parts,
  intent: Revised<Intent>,
  body: Readable,
  signal: AbortSignal,
): Promise<Revised<Intent>> {
  try {
    return await store(parts, intent, body, signal);
  } catch (error) {
    await clean(parts, intent).catch(() => undefined);
    throw error;
  }
}

/** Compares by keyed fingerprints: nobody but Vault could compute them from a guess. */
async function requireSameBody(
  { keys }: Parts,
  known: Intent | undefined,
  body: Readable,
): Promise<void> {
  const before = known?.stored?.fingerprint;
  const digest = await digestOf(body);
  if (!known || before === undefined) throw reused();
  if ((await keys.fingerprint(known.owner, digest, before)) !== before) throw reused();
}
