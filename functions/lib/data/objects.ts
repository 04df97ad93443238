/**
 * Objects in an S3 store. Names are never used twice, so an object read under its name is always
 * the one that was written.
 */
import type { Readable } from 'node:stream';
import { NoSpace, NotFound, TooLarge, Unavailable } from '../errors.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';
import { partSize as usual, upload } from './upload.ts';

export interface Objects {
  /** Where they are. */
  readonly bucket: string;
  /**
   * Stores a stream of any size in bounded memory. When the source fails or the signal is
   * aborted, what was uploaded is removed and the reason is thrown.
   */
  put(name: string, source: Readable, signal: AbortSignal): Promise<{ size: number }>;
  /**
   * An object, or a part of it.
   *
   * @throws NotFound when there is no such object, or it ends before the part begins
   */
  get(name: string, part?: Part): Promise<Readable>;
  /** Removes an object and what unfinished uploads left of it; what is absent is fine. */
  remove(name: string): Promise<void>;
  /** Removes at most 500 objects whose names begin with `prefix`, and says how many. */
  erase(prefix: string): Promise<number>;
}

/** A part of an object, in bytes: all that follows `offset`, or as many as `length` says. */
export interface Part {
  offset: number;
  length?: number;
}

export interface ObjectsOptions extends StoreOptions {
  bucket: string;
  /** Bytes of a part of a large object: two are held while one is sent. */
  partSize?: number;
}

/** How many objects are removed at once. */
const mostErased = 500;

/** Every method throws Unavailable when the store does not answer, NoSpace when it is full. */
export function connectObjects(options: ObjectsOptions): Objects {
  const { bucket, partSize = usual, ...members } = options;
  const store = openStore(members);

  return {
    bucket,

    async put(name, source, signal) {
      // Reading then fails at once, instead of waiting for a client that has left.
      const leave = (): void => void source.destroy(signal.reason as Error);
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await upload({ store, bucket, name, partSize }, source, signal);
      } catch (error) {
        source.destroy();
        signal.throwIfAborted();
        throw source.errored ?? translate(error);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },

    async get(name, { offset, length } = { offset: 0 }) {
      try {
        return await store.read((client) => client.getPartialObject(bucket, name, offset, length));
      } catch (error) {
        throw translate(error);
      }
    },

    async remove(name) {
      try {
        await store.ask(async (client) => {
          const uploadId = await client.findUploadId(bucket, name);
          if (uploadId !== undefined) await client.abortMultipartUpload(bucket, name, uploadId);
          await client.removeObject(bucket, name);
        });
      } catch (error) {
        throw translate(error);
      }
    },

    async erase(prefix) {
      try {
        const names = await namesOf(store, bucket, prefix);
        if (names.length === 0) return 0;
        const answers = await store.ask((client) => client.removeObjects(bucket, names));
        const refused = answers.find((answer) => answer?.Error)?.Error;
        if (refused) throw new Error(refused.Message ?? refused.Code);
        return names.length;
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

async function namesOf(store: Store, bucket: string, prefix: string): Promise<string[]> {
  const page = await store.ask((client) =>
    client.listObjectsV2Query(bucket, prefix, '', '', mostErased, ''),
  );
  return page.objects.flatMap(({ name }) => (name === undefined ? [] : [name]));
}

function translate(error: unknown): Error {
  if (error instanceof TooLarge || error instanceof Unavailable) return error;
  const { code = '', message } = error as { code?: string; message: string };
  if (['NoSuchKey', 'NotFound', 'NoSuchUpload', 'InvalidRange'].includes(code)) {
    return new NotFound('there is no such object', { cause: error });
  }
  if (code === 'XMinioStorageFull') {
    return new NoSpace('the object store is full', { cause: error });
  }
  return new Unavailable(`the object store does not answer as it should: ${code || message}`, {
    cause: error,
  });
}
