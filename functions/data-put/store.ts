/** Writing the ciphertext of an intent, and removing it. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { encrypt, type Binding } from '../lib/data/cipher.ts';
import { Conflict } from '../lib/errors.ts';
import type { Intent, Revised, StoredCiphertext } from '../lib/data/metadata.ts';
import { Meter } from './body.ts';
import type { Parts } from './deps.ts';

type Stores = Pick<Parts, 'metadata' | 'objects'>;

/**
 * Encrypts the body under a fresh data key of the owner, writes it, and says so in the intent.
 *
 * @throws Conflict when another try of the same put took over meanwhile
 */
export async function store(
  parts: Parts,
  intent: Revised<Intent>,
  body: Readable,
  signal: AbortSignal,
): Promise<Revised<Intent>> {
  const { metadata, objects, keys } = parts;
  const { value } = intent;
  const { plaintext: dataKey, wrapped } = await keys.dataKey(value.owner);
  const [clear, sealed] = [new Meter(), new Meter()];
  const flow = pipeline(body, clear, encrypt(dataKey, bindingOf(value)), sealed, { signal });
  // Whoever reads `sealed` sees the failure first; this keeps it from being unhandled.
  flow.catch(() => undefined);
  const described = async (): Promise<StoredCiphertext> => {
    await flow;
    dataKey.fill(0);
    const fingerprint = await keys.fingerprint(value.owner, clear.digest());
    return { digest: `sha256:${sealed.digest()}`, size: sealed.size, wrapped, fingerprint };
  };
  let stored: Revised<Intent> | undefined;
  if (value.tier === 'record') {
    const ciphertext = await buffer(sealed);
    const whole: Intent = { ...value, stored: await described(), state: 'stored' };
    stored = await metadata.advance(intent, whole, ciphertext);
  } else {
    await objects.put(objectName(parts, value.index), sealed, signal);
    stored = await metadata.advance(intent, {
      ...value,
      stored: await described(),
      state: 'stored',
    });
  }
  if (stored) return stored;
  await removeCiphertext(parts, value);
  throw new Conflict('another try of the same put took over');
}

/** What the ciphertext of an intent is bound to. */
export function bindingOf(intent: Omit<Binding, 'network'> & Intent): Binding {
  const { namespace, network, key, version, owner, contentType, createdAt } = intent;
  return { network: `${namespace}/${network}`, key, version, owner, contentType, createdAt };
}

/**
 * Gives an intent up: first so that no write of its attempt can succeed any more, then removes
 * what it wrote, then forgets it. Does nothing when the intent was changed meanwhile: then it is
 * somebody else's, or it is whole after all.
 */
export async function clean(parts: Stores, intent: Revised<Intent>): Promise<void> {
  const abandoned: Intent = { ...intent.value, state: 'abandoned' };
  const ours = await parts.metadata.advance(intent, abandoned);
  if (!ours) return;
  await removeCiphertext(parts, abandoned);
  await parts.metadata.forget(ours);
}

export async function removeCiphertext(parts: Stores, intent: Intent): Promise<void> {
  if (intent.tier === 'record') await parts.metadata.removeCiphertext(intent, intent.index);
  else await parts.objects.remove(objectName(parts, intent.index));
}

/** The name in an object's index. */
function objectName({ objects }: Stores, index: string): string {
  return index.slice(objects.index('').length);
}
