/**
 * Reading ciphertext so that nothing is decrypted before all of it matched its digest. Small
 * ones are held in memory; large ones are read twice: once to hash, once to decrypt, hashed
 * again on the way, and the last frame is only released when that hash matches as well.
 */
import { createHash } from 'node:crypto';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { IntegrityError, NotFound } from '../lib/errors.ts';
import { locate, type Incarnation } from '../lib/data/datum.ts';
import type { Metadata } from '../lib/data/metadata.ts';
import type { Objects } from '../lib/data/objects.ts';

/** Bytes of ciphertext that are held in memory rather than read twice. */
const inMemory = 4 * 1024 * 1024;

/** What the chain says a ciphertext is. */
export interface Expected {
  index: string;
  digest: string;
  size: number;
}

export interface Ciphertexts {
  /**
   * The ciphertext, after all of it was seen to match. The signal ends the looking, which may be
   * long.
   *
   * @throws IntegrityError when it does not match or is not there
   */
  verified(network: Incarnation, expected: Expected, signal?: AbortSignal): Promise<Readable>;
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
  const open = async (network: Incarnation, { index }: Expected): Promise<Readable> => {
    const place = locate(network, objects.bucket, index);
    if (place.tier === 'object') return objects.get(place.name);
    const record = await metadata.readCiphertext(place.key);
    if (!record) throw new NotFound('there is no such record');
    return Readable.from([record], { objectMode: false });
  };

  const verified: Ciphertexts['verified'] = async (network, expected, signal) => {
    try {
      if (expected.size <= inMemory) {
        const chunks: Buffer[] = [];
        await check(await open(network, expected), { expected, signal }, (chunk) =>
          chunks.push(chunk),
        );
        return Readable.from(chunks, { objectMode: false });
      }
      await check(await open(network, expected), { expected, signal });
      const source = await open(network, expected);
      const guard = new Guard(expected);
      source.on('error', (error) => guard.destroy(error));
      guard.on('close', () => source.destroy());
      return source.pipe(guard);
    } catch (error) {
      if (error instanceof NotFound) throw broken('it is not there', error);
      throw error;
    }
  };

  return {
    verified,
    async matches(network, expected, signal) {
      try {
        await check(await open(network, expected), { expected, signal });
        return true;
      } catch (error) {
        if (error instanceof IntegrityError || error instanceof NotFound) return false;
        throw error;
      }
    },
  };
}

/** Reads all of a ciphertext; ends early when there is too much of it. */
async function check(
  source: Readable,
  { expected, signal }: { expected: Expected; signal: AbortSignal | undefined },
  keep?: (chunk: Buffer) => void,
): Promise<void> {
  const seen = new Seen(expected);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    seen.add(chunk);
    keep?.(chunk);
  }
  seen.end();
}

class Seen {
  readonly #expected: Expected;
  readonly #hash = createHash('sha256');
  #size = 0;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  add(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#expected.size) throw broken('its size');
    this.#hash.update(chunk);
  }

  end(): void {
    if (this.#size !== this.#expected.size) throw broken('its size');
    if (`sha256:${this.#hash.digest('hex')}` !== this.#expected.digest) throw broken('its digest');
  }
}

/** Lets bytes through and fails before the end when they are not the expected ones. */
class Guard extends Transform {
  readonly #seen: Seen;

  constructor(expected: Expected) {
    super();
    this.#seen = new Seen(expected);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      this.#seen.add(chunk);
      done(null, chunk);
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#seen.end();
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}

function broken(what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(`the ciphertext does not match the chain: ${what}`, { cause });
}
