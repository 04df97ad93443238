/**
 * The story of a get: head from the chain -> policy -> fact of the version -> record -> ciphertext checked
 * against the digest, frame by frame -> decrypt -> stream. Any mismatch is an integrity error and an audit
 * line; not one byte is given of a frame that does not match, nor of any after it.
 */
import { pipeline, Transform, type Readable } from 'node:stream';
import {
  decrypt,
  framesOf,
  plaintextSize,
  plaintextStart,
  type Portion,
  type Range,
} from '../lib/data/cipher.ts';
import { bindingOf } from '../lib/data/datum.ts';
import type { Anchored, Head } from '../lib/data/fact.ts';
import { wrappingOf } from '../lib/data/keys.ts';
import type { VersionRecord } from '../lib/data/model.ts';
import { IntegrityError } from '../lib/errors.ts';
import type { Receipt } from '../lib/events.ts';
import type { Deps, GetRequest } from './deps.ts';
import { audited, noteMismatch, present, readable, requireNotErased } from './readable.ts';

/** A version as it is told: its record, which the chain supports. */
export interface Described {
  anchored: Anchored;
  record: VersionRecord;
  /** Bytes of plaintext. */
  size: number;
}

export interface ReceiptView {
  receipt: Receipt;
  /** The fact of the version, as peers of two organizations have it. */
  onChain: Anchored;
  /** What counts of the datum now, by the same. */
  head: Head;
  /** Whether metadata, ciphertext as stored, and chain agree. */
  verified: boolean;
}

/**
 * What is told of a version, once its metadata were compared with the chain.
 *
 * @throws NotFound, Gone, Forbidden, IntegrityError, Unavailable
 */
export async function head(deps: Deps, request: GetRequest): Promise<Described> {
  const { anchored, record, wrong } = await readable(deps, request);
  await audited(deps, request, anchored.version, async () => {
    if (wrong.length === 0) return;
    await requireNotErased(deps, request);
    const differing = wrong.join(', ');
    throw new IntegrityError(`the metadata do not match the chain: ${differing}`);
  });
  return { anchored, record, size: plaintextSize(record.size) };
}

/**
 * For an answer that gives no byte of a version, and so needs no key.
 *
 * @throws Gone when its owner destroyed theirs
 */
export async function requireKept({ keys }: Deps, { record }: Described): Promise<void> {
  await keys.requireKept(record.owner);
}

/** A version's plaintext, or a range of it, as a stream that fails rather than give a byte that is not verified. */
export async function content(
  deps: Deps,
  request: GetRequest,
  { anchored, record, size }: Described,
  range?: Range,
): Promise<Readable> {
  const { version } = anchored;
  const [dataKey, sealed] = await audited(deps, request, version, () =>
    // Both are needed before the first byte, and neither depends on the other.
    settled([
      unwrapped(deps, request, record),
      present(deps, request, sealedPart(deps, request, anchored, range)),
    ]),
  );
  const binding = bindingOf(request.ref, record);
  const plain = decrypt(dataKey, binding, range && portionOf(range, size));
  plain.on('error', (error) => noteMismatch(deps, request, version, error));
  await firstByte(pipeline(sealed, plain, () => undefined));
  dataKey.fill(0);
  return range ? pipeline(plain, cut(range), () => undefined) : plain;
}

/** As it was read it may not open any more: of a rotated key older versions are retired once all is wrapped anew. */
async function unwrapped(
  { keys, metadata }: Deps,
  { ref }: GetRequest,
  record: VersionRecord,
): Promise<Buffer> {
  const { owner, index } = record;
  try {
    return await keys.unwrap(owner, wrappingOf(record));
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    const now = await metadata.version(ref, index);
    if (!now || wrappingOf(now) === wrappingOf(record)) throw error;
    return keys.unwrap(owner, wrappingOf(now));
  }
}

function sealedPart(
  { ciphertexts }: Deps,
  { ref, signal }: GetRequest,
  anchored: Anchored,
  range: Range | undefined,
): Promise<Readable> {
  return range
    ? ciphertexts.part(ref, anchored, framesOf(range), signal)
    : ciphertexts.verified(ref, anchored, signal);
}

/** @param size bytes of plaintext of the whole version */
function portionOf(range: Range, size: number): Portion {
  const { first, last } = framesOf(range);
  return { first, toEnd: plaintextStart(last + 1) >= size };
}

/** Of the plaintext of the frames that hold a range, the range. */
function cut(range: Range): Transform {
  let at = plaintextStart(framesOf(range).first);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(Math.max(0, range.first - at), Math.max(0, range.last + 1 - at));
      at += chunk.length;
      done(null, part);
    },
  });
}

/** The receipt, with everything read and compared anew. A mismatch is told, not thrown. */
export async function receipt(deps: Deps, request: GetRequest): Promise<ReceiptView> {
  const { ref } = request;
  const { head: now, anchored, record, wrong } = await readable(deps, request);
  await deps.keys.requireKept(now.owner);
  const { version, transactionId } = anchored;
  const { tier, index, digest, owner, createdAt, published } = record;
  const [block, isWhole] = await Promise.all([
    deps.chain.blockOf(ref, transactionId),
    deps.ciphertexts.matches(ref, anchored, request.signal),
  ]);
  // Until it is published nothing but the chain says where it is.
  const isThere = block !== undefined && block === (published?.block ?? block);
  const verified = wrong.length === 0 && isWhole && isThere;
  if (!verified) {
    await requireNotErased(deps, request);
    noteMismatch(deps, request, version, new IntegrityError('the receipt does not verify'));
  }
  return {
    receipt: {
      ...{ network: ref.network, key: ref.key, version, tier, index, digest },
      ...{ size: plaintextSize(anchored.size), owner, transactionId },
      ...{ block: block ?? published?.block ?? 0, createdAt },
    },
    onChain: anchored,
    head: now,
    verified,
  };
}

/** Both results, or the first error once both have settled: no stream is left behind. */
async function settled<T>([key, stream]: [Promise<T>, Promise<Readable>]): Promise<[T, Readable]> {
  const [first, second] = await Promise.allSettled([key, stream]);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') {
    return [first.value, second.value];
  }
  if (second.status === 'fulfilled') second.value.destroy();
  throw second.status === 'rejected' ? second.reason : (first as PromiseRejectedResult).reason;
}

/** Waits until the first frame is verified, so that its failure is still an honest answer. */
async function firstByte(stream: Readable): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.once('readable', resolve).once('end', resolve).once('error', reject);
  });
}
