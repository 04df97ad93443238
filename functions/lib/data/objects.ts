/**
 * Objects in an S3 store (MinIO here): the only user of the `minio` SDK. Names are never used
 * twice, so an object read under its name is always the one that was written.
 */
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import { Client } from 'minio';
import { NoSpace, NotFound, TooLarge, Unavailable } from '../errors.ts';
import { parts } from './pieces.ts';

export interface Objects {
  /** Where they are. */
  readonly bucket: string;
  /**
   * Stores a stream of any size in bounded memory. When the source fails or the signal is
   * aborted, what was uploaded is removed and the reason is thrown.
   */
  put(name: string, source: Readable, signal: AbortSignal): Promise<{ size: number }>;
  /** @throws NotFound when there is no such object */
  get(name: string): Promise<Readable>;
  /** Removes an object and what unfinished uploads left of it; what is absent is fine. */
  remove(name: string): Promise<void>;
  /** Removes at most 500 objects whose names begin with `prefix`, and says how many. */
  erase(prefix: string): Promise<number>;
}

export interface ObjectsOptions {
  /** e.g. `https://minio.selvedge.svc:9000` */
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  /** The file with the CA that the store's certificate must come from. */
  caFile?: string;
  /** Milliseconds during which a connection may stand still. */
  timeoutMs?: number;
  /** Bytes of a part of a large object: two are held while one is sent. S3 wants 5 MiB at least. */
  partSize?: number;
}

/** S3 takes this many parts of one object. */
const mostParts = 10_000;

/** How many objects are removed at once. */
const mostErased = 500;

/** Every method throws Unavailable when the store does not answer, NoSpace when it is full. */
export function connectObjects(options: ObjectsOptions): Objects {
  const { bucket, partSize = 8 * 1024 * 1024 } = options;
  const client = createClient(options);

  const upload = async (name: string, source: Readable, signal: AbortSignal) => {
    const pieces = parts(source, partSize);
    const first = (await pieces.next()).value ?? Buffer.alloc(0);
    signal.throwIfAborted();
    if (first.length < partSize) {
      await client.putObject(bucket, name, first, first.length);
      return { size: first.length };
    }
    const headers = { 'Content-Type': 'application/octet-stream' };
    const uploadId = await client.initiateNewMultipartUpload(bucket, name, headers);
    const send = sender(client, bucket, name, uploadId);
    let sending = send(first);
    try {
      let size = 0;
      for await (const piece of pieces) {
        // The next part is read while this one is on its way; one at a time bounds memory.
        size += await sending;
        signal.throwIfAborted();
        sending = send(piece);
        sending.catch(() => undefined);
      }
      size += await sending;
      signal.throwIfAborted();
      await client.completeMultipartUpload(bucket, name, uploadId, send.done);
      return { size };
    } catch (error) {
      // A part that arrives after the end of its upload would stay for good.
      await sending.catch(() => undefined);
      await client.abortMultipartUpload(bucket, name, uploadId).catch(() => undefined);
      throw error;
    }
  };

  return {
    bucket,

    async put(name, source, signal) {
      // Reading then fails at once, instead of waiting for a client that has left.
      const leave = (): void => void source.destroy(signal.reason as Error);
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await upload(name, source, signal);
      } catch (error) {
        source.destroy();
        signal.throwIfAborted();
        throw source.errored ?? translate(error);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },

    async get(name) {
      try {
        return await client.getObject(bucket, name);
      } catch (error) {
        throw translate(error);
      }
    },

    async remove(name) {
      try {
        const uploadId = await client.findUploadId(bucket, name);
        if (uploadId !== undefined) await client.abortMultipartUpload(bucket, name, uploadId);
        await client.removeObject(bucket, name);
      } catch (error) {
        throw translate(error);
      }
    },

    async erase(prefix) {
      try {
        const names = await namesOf(client, bucket, prefix);
        if (names.length === 0) return 0;
        const answers = await client.removeObjects(bucket, names);
        const refused = answers.find((answer) => answer?.Error)?.Error;
        if (refused) throw new Error(refused.Message ?? refused.Code);
        return names.length;
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

async function namesOf(client: Client, bucket: string, prefix: string): Promise<string[]> {
  const page = await client.listObjectsV2Query(bucket, prefix, '', '', mostErased, '');
  return page.objects.flatMap(({ name }) => (name === undefined ? [] : [name]));
}

/** Sends parts in their order; `done` is the list that completes the upload. */
function sender(client: Client, bucketName: string, objectName: string, uploadID: string) {
  const done: { part: number; etag: string }[] = [];
  const send = async (piece: Buffer): Promise<number> => {
    const partNumber = done.length + 1;
    if (partNumber > mostParts) throw new TooLarge(`an object has at most ${mostParts} parts`);
    const config = { bucketName, objectName, uploadID, partNumber, headers: {} };
    const { etag } = await client.uploadPart(config, piece);
    done.push({ part: partNumber, etag });
    return piece.length;
  };
  return Object.assign(send, { done });
}

function createClient(options: ObjectsOptions): Client {
  const { endpoint, accessKey, secretKey, caFile, timeoutMs = 20_000 } = options;
  const { protocol, hostname, port } = new URL(endpoint);
  const secure = protocol === 'https:';
  const { request } = secure ? https : http;
  const agent = secure
    ? new https.Agent({
        keepAlive: true,
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      })
    : new http.Agent({ keepAlive: true });
  return new Client({
    endPoint: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    useSSL: secure,
    accessKey,
    secretKey,
    // Asking for the bucket's region would cost an exchange at every cold start.
    region: 'us-east-1',
    pathStyle: true,
    retryOptions: { disableRetry: true },
    // The SDK has no time limit: a connection that stands still is given up here.
    transport: {
      request: ((settings: https.RequestOptions, answer: (r: http.IncomingMessage) => void) => {
        let unread = (): number => 0;
        const sent = request({ ...settings, agent, timeout: timeoutMs }, (response) => {
          unread = () => response.readableLength;
          answer(response);
        });
        sent.on('timeout', () => {
          // With bytes waiting, it is our reader who stands still, and that is the reader's right.
          if (unread() === 0) sent.destroy(new Error(`nothing moved for ${timeoutMs} ms`));
        });
        return sent;
      }) as typeof http.request,
    },
  });
}

function translate(error: unknown): Error {
  if (error instanceof TooLarge) return error;
  const { code = '', message } = error as { code?: string; message: string };
  if (['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(code)) {
    return new NotFound('there is no such object', { cause: error });
  }
  if (code === 'XMinioStorageFull') {
    return new NoSpace('the object store is full', { cause: error });
  }
  return new Unavailable(`the object store does not answer as it should: ${code || message}`, {
    cause: error,
  });
}
