import { createHash } from 'node:crypto';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { CiphertextHash } from '../lib/data/leaves.ts';
import { BadRequest } from '../lib/errors.ts';
import { recordLimit, type Extent } from './decisions.ts';

/** The beginning of a body, and all of it as a stream. */
export interface Opened {
  extent: Extent;
  whole: Readable;
}

/**
 * Reads as much of a body as decides about its tier, and gives all of it as a stream.
 *
 * @throws BadRequest when the caller leaves before
 */
export async function open(body: Readable): Promise<Opened> {
  const held: Buffer[] = [];
  let length = 0;
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const take = async (): Promise<Buffer | undefined> => {
    try {
      const step = await chunks.next();
      return step.done ? undefined : step.value;
    } catch (cause) {
      throw new BadRequest('the body was cut off', { cause });
    }
  };
  let ended = false;
  while (!ended && length <= recordLimit) {
    const chunk = await take();
    if (chunk === undefined) {
      ended = true;
    } else {
      held.push(chunk);
      length += chunk.length;
    }
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* held.splice(0);
    for (let chunk = ended ? undefined : await take(); chunk; chunk = await take()) yield chunk;
  }
  return { extent: ended ? length : 'more', whole: Readable.from(all(), { objectMode: false }) };
}

/** Lets bytes through and counts and hashes them (SHA-256) on the way. */
export class Meter extends Transform {
  readonly #hash = createHash('sha256');
  size = 0;

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }

  /** The hash of all that went through, in hexadecimal; once, at the end. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** Lets a ciphertext through, takes its digest on the way, and has it followed by what is stored with it. */
export class Sealed extends Transform {
  readonly #hash = new CiphertextHash();
  /** Of the ciphertext alone; there once all of it went through. */
  digest = '';

  get size(): number {
    return this.#hash.size;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const { digest, trailer } = this.#hash.end();
    this.digest = digest;
    done(null, trailer);
  }
}

/** The SHA-256 of a body that is otherwise not needed, in hexadecimal. */
export async function digestOf(body: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
