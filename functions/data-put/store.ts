/** Writing the ciphertext of an intent, and removing it. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { encrypt } from '../lib/data/cipher.ts';
import { bindingOf, locate } from '../lib/data/datum.ts';
import type {
  Allotment,
  Former,
  OpenIntent,
  Revised,
  StoredCiphertext,
  StoredIntent,
} from '../lib/data/model.ts';
import { FateOpen } from '../lib/errors.ts';
import { Meter } from './body.ts';
import { patience } from './decisions.ts';
import type { Deps } from './deps.ts';

export type Stores = Pick<Deps, 'metadata' | 'objects' | 'now'>;

/**
 * Encrypts the body under a fresh data key of the owner, writes it, and says so in the intent.
 *
 * @throws FateOpen when another try of the same put took over meanwhile
 */
export async function store(
  deps: Deps,
  intent: Revised<OpenIntent>,
  body: Readable,
  signal: AbortSignal,
): Promise<Revised<StoredIntent>> {
  const { metadata, objects, keys } = deps;
  const { value } = intent;
  const { plaintext: dataKey, wrapped } = await keys.dataKey(value.owner);
  const [clear, sealed] = [new Meter(), new Meter()];
  const flow = pipeline(body, clear, encrypt(dataKey, bindingOf(value, value)), sealed, { signal });
  // Whoever reads `sealed` sees the failure first; this keeps it from being unhandled.
  flow.catch(() => undefined);
  const whole = async (): Promise<StoredIntent> => {
    await flow;
    dataKey.fill(0);
    const fingerprint = await keys.fingerprint(value.owner, clear.digest());
    const digest = `sha256:${sealed.digest()}`;
    return storedIntent(value, { digest, size: sealed.size, wrapped, fingerprint });
  };
  const place = locate(value, objects.bucket, value.index);
  let stored: Revised<StoredIntent> | undefined;
  if (place.tier === 'record') {
    const ciphertext = await buffer(sealed);
    stored = await metadata.advance(intent, await whole(), { key: place.key, value: ciphertext });
  } else {
    await objects.put(place.name, sealed, signal);
    stored = await metadata.advance(intent, await whole());
  }
  if (stored) return stored;
  await removeCiphertext(deps, value);
  throw new FateOpen('another try of the same put took over');
}

function storedIntent(
  { onceStored: _, ...allotment }: OpenIntent,
  stored: StoredCiphertext,
): StoredIntent {
  return { ...allotment, state: 'stored', stored };
}

export async function removeCiphertext(
  { metadata, objects }: Stores,
  intent: Allotment,
): Promise<void> {
  const place = locate(intent, objects.bucket, intent.index);
  if (place.tier === 'record') await metadata.removeCiphertext(place.key);
  else await objects.remove(place.name);
}

/** Whether an attempt that began so long ago writes no more. */
export function isPast({ since }: Pick<Former, 'since'>, now: Date): boolean {
  return now.getTime() - new Date(since).getTime() > patience.open;
}

/**
 * Removes what attempts wrote that were taken over from: one that ended in between had its object
 * whole and nobody to remove it.
 *
 * @returns whether nothing more can come
 */
export async function removeFormer({ objects, now }: Stores, intent: Allotment): Promise<boolean> {
  const { former = [] } = intent;
  for (const { index } of former) {
    const place = locate(intent, objects.bucket, index);
    if (place.tier === 'object') await objects.remove(place.name);
  }
  return former.every((one) => isPast(one, now()));
}
