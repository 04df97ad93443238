/** How the chain names data: by a keyed hash, so that a key is neither read off it nor taken beforehand. */
import { createHmac, hkdfSync } from 'node:crypto';
import type { NameKeys } from '../vault/name-keys.ts';
import { format } from './cipher.ts';
import type { DatumRef, Incarnation } from './datum.ts';

export interface Names {
  /**
   * The `id` of a datum in the facts of its network.
   *
   * @throws Unavailable when the network's key cannot be read now
   */
  idOf(ref: DatumRef): Promise<string>;
  /** A key of the network for another purpose (HKDF with SHA-256, RFC 5869): 32 bytes. Throws as `idOf` does. */
  keyFor(network: Incarnation, purpose: string): Promise<Buffer>;
}

/** Reads the key of each network once: it never changes. */
export function createNames(nameKeys: Pick<NameKeys, 'read'>): Names {
  const known = new Map<string, Promise<Buffer>>();
  const keyOf = (incarnation: string): Promise<Buffer> => {
    const reading =
      known.get(incarnation) ??
      nameKeys.read(incarnation).catch((error: unknown) => {
        known.delete(incarnation);
        throw error;
      });
    known.set(incarnation, reading);
    return reading;
  };
  return {
    idOf: async (ref) => nameOf(await keyOf(ref.incarnation), ref),
    keyFor: async ({ incarnation }, purpose) =>
      Buffer.from(hkdfSync('sha256', await keyOf(incarnation), '', purpose, 32)),
  };
}

/**
 * HMAC-SHA-256 (RFC 2104) in hexadecimal of a JSON array of the format's name, incarnation and key, without
 * spaces.
 */
export function nameOf(
  nameKey: Uint8Array,
  { incarnation, key }: Pick<DatumRef, 'incarnation' | 'key'>,
): string {
  const text = JSON.stringify([format, incarnation, key]);
  return createHmac('sha256', nameKey).update(text).digest('hex');
}
