/**
 * Reading ciphertext, once, so that nothing is decrypted before it matched the chain's digest. What is short
 * is held in memory until all of it matched. Of what is long, the hashes of the leaves (leaves.ts) are
 * read first and must match; then each frame is given as soon as it matches its own.
 */
import { pipeline, Readable } from 'node:stream';
import { IntegrityError, NotFound } from '../lib/errors.ts';
import {
  frameCount,
  headerLength,
  sealedFrame,
  sealedStart,
  type Frames,
} from '../lib/data/cipher.ts';
import { locate, type Incarnation, type Place } from '../lib/data/datum.ts';
import { Framer } from '../lib/data/frames.ts';
import { CiphertextHash, digestOver, trailerLength } from '../lib/data/leaves.ts';
import type { Metadata } from '../lib/data/metadata.ts';
import type { Objects, Part } from '../lib/data/objects.ts';
import { createLeafHash, hashLength } from '../lib/data/tree.ts';

/** What the chain says a ciphertext is. */
export interface Expected {
  index: string;
  digest: string;
  size: number;
}

export interface Ciphertexts {
  /**
   * The ciphertext: a stream that fails with IntegrityError rather than give a frame that does not match.
   * The signal ends what is to be read before.
   *
   * @throws IntegrityError when it is not there, or it is known not to match
   */
  verified(network: Incarnation, expected: Expected, signal?: AbortSignal): Promise<Readable>;
  /** The same of some frames alone, after the header; of a long ciphertext no others are read but the first. */
  part(
    network: Incarnation,
    expected: Expected,
    frames: Frames,
    signal?: AbortSignal,
  ): Promise<Readable>;
  /** Whether what is stored matches. Throws only when the store does not answer. */
  matches(network: Incarnation, expected: Expected, signal?: AbortSignal): Promise<boolean>;
}

export function createCiphertexts({
  metadata,
  objects,
}: {
  metadata: Pick<Metadata, 'readCiphertext'>;
  objects: Pick<Objects, 'get' | 'bucket'>;
}): Ciphertexts {
  const open = async (place: Place, part?: Part): Promise<Readable> => {
    if (place.tier === 'object') return objects.get(place.name, part);
    const record = await metadata.readCiphertext(place.key);
    if (!record) throw new NotFound('there is no such record');
    return Readable.from([record], { objectMode: false });
  };

  const part: Ciphertexts['part'] = async (network, expected, wanted, signal) => {
    const place = locate(network, objects.bucket, expected.index);
    const { size } = expected;
    try {
      if (trailerLength(size) === 0) {
        return cut(await whole(await open(place), expected, signal), wanted);
      }
      const hashes = await trailer(await open(place, { offset: size }), expected, signal);
      const header = wanted.first === 0 ? undefined : await headerOf(place, hashes, signal);
      const offset = header ? sealedStart(wanted.first) : 0;
      const length = Math.min(sealedStart(wanted.last + 1), size) - offset;
      return frames(await open(place, { offset, length }), hashes, wanted, header);
    } catch (error) {
      if (error instanceof NotFound) throw broken('it is not there', error);
      throw error;
    }
  };

  /** The header belongs to the first frame, which is read to verify it. */
  const headerOf = async (
    place: Place,
    hashes: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> => {
    const length = sealedStart(1);
    const chunks = await exactly(length, await open(place, { offset: 0, length }), signal);
    const first = Buffer.concat(chunks);
    requireLeaf(hashes, 0, first);
    return first.subarray(0, headerLength);
  };

  const verified: Ciphertexts['verified'] = (network, expected, signal) =>
    part(network, expected, { first: 0, last: frameCount(expected.size) - 1 }, signal);

  return {
    ...{ verified, part },
    async matches(network, expected, signal) {
      try {
        const source = await verified(network, expected, signal);
        for await (const _ of source) signal?.throwIfAborted();
        return true;
      } catch (error) {
        if (error instanceof IntegrityError) return false;
        throw error;
      }
    },
  };
}

/** A short ciphertext, after all of it was seen to match. */
async function whole(
  source: Readable,
  { size, digest }: Expected,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const chunks = await exactly(size, source, signal);
  const hash = new CiphertextHash();
  for (const chunk of chunks) hash.update(chunk);
  if (hash.end().digest !== digest) throw broken('its digest');
  return Buffer.concat(chunks);
}

/** The header, and some frames. */
function cut(ciphertext: Buffer, { first, last }: Frames): Readable {
  const header = ciphertext.subarray(0, headerLength);
  const frames = ciphertext.subarray(sealedStart(first), sealedStart(last + 1));
  return Readable.from([header, frames], { objectMode: false });
}

/** The hashes of all leaves of a long ciphertext, after they were seen to match. */
async function trailer(
  source: Readable,
  { size, digest }: Expected,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const hashes = Buffer.concat(await exactly(trailerLength(size), source, signal));
  if (digestOver(hashes) !== digest) throw broken('the hashes of its leaves');
  return hashes;
}

/**
 * Frames of a long ciphertext after its header, each after it was seen to match.
 *
 * @param verified the header; undefined where the source begins with it, as it does with the first frame
 */
function frames(
  source: Readable,
  hashes: Buffer,
  wanted: Frames,
  verified: Buffer | undefined,
): Readable {
  let header: Buffer = Buffer.alloc(0);
  const framer = new Framer(sealedFrame, {
    ...(verified
      ? { start: verified }
      : { header: { length: headerLength, take: (bytes: Buffer) => (header = bytes) } }),
    frame: (content, position, ends) => {
      const number = wanted.first + position;
      const frame = number === 0 ? Buffer.concat([header, content]) : content;
      requireLeaf(hashes, number, frame);
      if (ends && number < wanted.last) throw broken(`frame ${number}`);
      return frame;
    },
  });
  // Whoever reads them sees the failure; this keeps it from being unhandled before.
  return pipeline(source, framer, () => undefined);
}

function requireLeaf(hashes: Buffer, number: number, frame: Buffer): void {
  const hash = hashes.subarray(number * hashLength, (number + 1) * hashLength);
  if (!createLeafHash().update(frame).digest().equals(hash)) throw broken(`frame ${number}`);
}

/** Exactly so many bytes; ends early when there are more. */
async function exactly(
  length: number,
  source: Readable,
  signal: AbortSignal | undefined,
): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    size += chunk.length;
    if (size > length) throw broken('its size');
    chunks.push(chunk);
  }
  if (size < length) throw broken('its size');
  return chunks;
}

function broken(what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(`the ciphertext does not match the chain: ${what}`, { cause });
}
