/**
 * Where a list goes on. That may be at a key of somebody else's, so callers get it sealed (AES-256-GCM): nobody reads
 * it, makes one up, or uses another's.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Incarnation } from '../lib/data/datum.ts';
import type { Names } from '../lib/data/names.ts';
import { BadRequest } from '../lib/errors.ts';

/** Whose list of which network it is a part of. */
export interface ListOf {
  network: Incarnation;
  caller: { id: string };
}

const cipher = 'aes-256-gcm';

/** Bytes. */
const [nonceLength, tagLength] = [12, 16];

/** @throws Unavailable when the network's key cannot be read now */
export async function sealed(names: Names, list: ListOf, at: string): Promise<string> {
  const nonce = randomBytes(nonceLength);
  const seal = createCipheriv(cipher, await keyOf(names, list), nonce).setAAD(boundTo(list));
  const text = Buffer.concat([seal.update(at), seal.final()]);
  return Buffer.concat([nonce, text, seal.getAuthTag()]).toString('base64url');
}

/** @throws BadRequest for what {@link sealed} did not give this caller; Unavailable as it does */
export async function opened(names: Names, list: ListOf, cursor: string): Promise<string> {
  const bytes = Buffer.from(cursor, 'base64url');
  const key = await keyOf(names, list);
  try {
    const open = createDecipheriv(cipher, key, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    });
    open.setAAD(boundTo(list)).setAuthTag(bytes.subarray(-tagLength));
    const text = bytes.subarray(nonceLength, -tagLength);
    return Buffer.concat([open.update(text), open.final()]).toString();
  } catch (cause) {
    throw new BadRequest('the cursor is not the `next` of a page of this list', { cause });
  }
}

const keyOf = (names: Names, { network }: ListOf): Promise<Buffer> =>
  names.keyFor(network, 'selvedge list cursor');

const boundTo = ({ network, caller }: ListOf): Buffer =>
  Buffer.from(JSON.stringify([network.incarnation, caller.id]));
