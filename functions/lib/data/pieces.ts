import type { Readable } from 'node:stream';

/**
 * Cuts a stream of bytes into pieces of `size` bytes; the last one may be shorter, none is
 * empty. Throws what the stream fails with, also when it is destroyed.
 */
export async function* parts(source: Readable, size: number): AsyncGenerator<Buffer, undefined> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    held.push(chunk);
    length += chunk.length;
    if (length < size) continue;
    let all = Buffer.concat(held);
    while (all.length >= size) {
      yield all.subarray(0, size);
      all = all.subarray(size);
    }
    // A copy, so that the piece just sent can be freed.
    held = all.length > 0 ? [Buffer.from(all)] : [];
    length = all.length;
  }
  if (length > 0) yield Buffer.concat(held);
  return undefined;
}
