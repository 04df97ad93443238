/** Cutting what comes in chunks of any size; only what lies across two chunks is copied. */
import type { Readable } from 'node:stream';

/** Chunks that wait to be cut. */
export class Held {
  readonly #chunks: Buffer[] = [];
  /** Bytes that wait. */
  length = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** Takes bytes off the beginning; there must be as many. */
  take(length: number): Buffer {
    let [count, sum] = [0, 0];
    while (sum < length) sum += (this.#chunks[count++] as Buffer).length;
    const taken = this.#chunks.splice(0, count);
    if (sum > length) {
      const last = taken.pop() as Buffer;
      const end = last.length - (sum - length);
      taken.push(last.subarray(0, end));
      this.#chunks.unshift(last.subarray(end));
    }
    this.length -= length;
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken, length);
  }
}

/**
 * Cuts a stream of bytes into pieces of `size` bytes; the last one may be shorter, none is
 * empty. Throws what the stream fails with, also when it is destroyed.
 */
export async function* parts(source: Readable, size: number): AsyncGenerator<Buffer, undefined> {
  const held = new Held();
  for await (const chunk of source as AsyncIterable<Buffer>) {
    held.add(chunk);
    while (held.length >= size) yield held.take(size);
  }
  if (held.length > 0) yield held.take(held.length);
  return undefined;
}
