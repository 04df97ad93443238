/** Writing the ciphertext of an intent, and removing it. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { encrypt, format } from '../lib/data/cipher.ts';
import { bindingOf, keys, locate, type DatumRef } from '../lib/data/datum.ts';
import type {
  Allotment,
  Former,
  OpenIntent,
  Revised,
  StoredCiphertext,
  StoredIntent,
  VersionRecord,
} from '../lib/data/model.ts';
import { asked } from '../lib/data/chain.ts';
import { FateOpen, IntegrityError } from '../lib/errors.ts';
import { Meter, Sealed } from './body.ts';
import { patience } from './decisions.ts';
import type { Deps } from './deps.ts';

/** A datum, and where a ciphertext of it is. */
type Indexed = DatumRef & Pick<Allotment, 'index'>;

export type Stores = Pick<Deps, 'metadata' | 'objects' | 'chain' | 'names' | 'now'>;

/**
 * Encrypts the body under a fresh data key of the owner, writes it, and says so in the intent. The version's
 * record is written with it: whoever learns from the chain of the version finds it.
 *
 * @throws FateOpen when another try of the same put took over meanwhile
 */
export async function store(
  deps: Deps,
  intent: Revised<OpenIntent>,
  body: Readable,
  signal: AbortSignal,
): Promise<Revised<StoredIntent>> {
  const { metadata, objects } = deps;
  const { value } = intent;
  const { plaintext: dataKey, wrapped } = await deps.keys.dataKey(value.owner);
  const [clear, sealed] = [new Meter(), new Sealed()];
  const flow = pipeline(body, clear, encrypt(dataKey, bindingOf(value, value)), sealed, { signal });
  // Whoever reads `sealed` sees the failure first; this keeps it from being unhandled.
  flow.catch(() => undefined);
  const whole = async (): Promise<StoredIntent> => {
    await flow;
    dataKey.fill(0);
    const fingerprint = await deps.keys.fingerprint(value.owner, clear.digest());
    const { digest, size } = sealed;
    return storedIntent(value, { digest, size, wrapped, fingerprint });
  };
  const place = locate(value, objects.bucket, value.index);
  let stored: Revised<StoredIntent> | undefined;
  if (place.tier === 'record') {
    const ciphertext = { key: place.key, value: await buffer(sealed) };
    const made = await whole();
    stored = await metadata.advance(intent, made, [ciphertext, recordChange(made)]);
  } else {
    await objects.put(place.name, sealed, signal);
    const made = await whole();
    stored = await metadata.advance(intent, made, [recordChange(made)]);
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

/** The record of a version that the chain does not know yet. */
export function recordOf(intent: StoredIntent): VersionRecord {
  const { tier, index, owner, contentType, createdAt } = intent;
  const { digest, size, wrapped } = intent.stored;
  return { tier, index, digest, size, wrapped, owner, format, contentType, createdAt };
}

function recordChange(intent: StoredIntent): { key: string; value: string } {
  return { key: keys.version(intent, intent.index), value: JSON.stringify(recordOf(intent)) };
}

/** The keys in etcd of what a ciphertext left there. */
export function keysLeft({ objects }: Pick<Stores, 'objects'>, version: Indexed): string[] {
  const place = locate(version, objects.bucket, version.index);
  return [...(place.tier === 'record' ? [place.key] : []), keys.version(version, version.index)];
}

/** Removes the ciphertext of an intent or a version, and the record of the version. */
export async function removeCiphertext(
  stores: Pick<Stores, 'metadata' | 'objects'>,
  version: Indexed,
): Promise<void> {
  const { metadata, objects } = stores;
  const place = locate(version, objects.bucket, version.index);
  if (place.tier === 'object') await objects.remove(place.name);
  for (const key of keysLeft(stores, version)) await metadata.remove(key);
}

/**
 * Whether the chain knows the ciphertext at an index that an intent names: then it is a version, and stays,
 * whatever an intent in etcd says.
 *
 * @throws IntegrityError when it is a version of another datum: the intent is forged
 */
export async function isAnchored(
  { chain, names }: Pick<Stores, 'chain' | 'names'>,
  intent: Allotment,
  index: string,
): Promise<boolean> {
  const found = await asked(chain.find(intent, index));
  if (!found) return false;
  if (found.id === (await names.idOf(intent))) return true;
  throw new IntegrityError('an intent names the ciphertext of another datum');
}

/** Of a network that is no more there is no chain to ask: all that bears its incarnation goes. */
export interface Removing {
  gone?: boolean;
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
export async function removeFormer(
  stores: Stores,
  intent: Allotment,
  { gone = false }: Removing = {},
): Promise<boolean> {
  const { former = [] } = intent;
  for (const { index } of former) {
    const place = locate(intent, stores.objects.bucket, index);
    if (place.tier === 'record' || (!gone && (await isAnchored(stores, intent, index)))) continue;
    await stores.objects.remove(place.name);
  }
  return former.every((one) => isPast(one, stores.now()));
}
