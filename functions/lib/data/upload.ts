/** A stream of any size into the object store, in parts where it is large, in bounded memory. */
import type { Readable } from 'node:stream';
import { TooLarge } from '../errors.ts';
import { parts } from './pieces.ts';
import type { Store } from './store.ts';

/** Where an upload goes, and in parts of how many bytes. */
export interface Destination {
  store: Store;
  bucket: string;
  name: string;
  partSize: number;
}

/** Bytes of a part of a large object, unless it is told otherwise. S3 wants 5 MiB at least. */
export const partSize = 8 * 1024 * 1024;

/** S3 takes this many parts of one object. */
const mostParts = 10_000;

/**
 * Uploads what `source` gives; what fails or is aborted leaves nothing behind.
 *
 * @throws what the SDK throws, TooLarge, and the reason of `signal`
 */
export async function upload(
  to: Destination,
  source: Readable,
  signal: AbortSignal,
): Promise<{ size: number }> {
  const { store, bucket, name, partSize } = to;
  const pieces = parts(source, partSize);
  const first = (await pieces.next()).value ?? Buffer.alloc(0);
  signal.throwIfAborted();
  if (first.length >= partSize) return uploadParts(to, first, pieces, signal);
  await store.ask((client) => client.putObject(bucket, name, first, first.length));
  return { size: first.length };
}

async function uploadParts(
  { store, bucket, name }: Destination,
  first: Buffer,
  others: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<{ size: number }> {
  const headers = { 'Content-Type': 'application/octet-stream' };
  const uploadId = await store.ask((client) =>
    client.initiateNewMultipartUpload(bucket, name, headers),
  );
  const send = sender(store, bucket, name, uploadId);
  let sending = send(first);
  try {
    let size = 0;
    for await (const piece of others) {
      // The next part is read while this one is on its way; one at a time bounds memory.
      size += await sending;
      signal.throwIfAborted();
      sending = send(piece);
      sending.catch(() => undefined);
    }
    size += await sending;
    signal.throwIfAborted();
    await store.ask((client) => client.completeMultipartUpload(bucket, name, uploadId, send.done));
    return { size };
  } catch (error) {
    // A part that arrives after the end of its upload would stay for good.
    await sending.catch(() => undefined);
    await store
      .ask((client) => client.abortMultipartUpload(bucket, name, uploadId))
      .catch(() => undefined);
    throw error;
  }
}

/** Sends parts in their order; `done` is the list that completes the upload. */
function sender(store: Store, bucketName: string, objectName: string, uploadID: string) {
  const done: { part: number; etag: string }[] = [];
  const send = async (piece: Buffer): Promise<number> => {
    const partNumber = done.length + 1;
    if (partNumber > mostParts) throw new TooLarge(`an object has at most ${mostParts} parts`);
    const config = { bucketName, objectName, uploadID, partNumber, headers: {} };
    const { etag } = await store.ask((client) => client.uploadPart(config, piece));
    done.push({ part: partNumber, etag });
    return piece.length;
  };
  return Object.assign(send, { done });
}
