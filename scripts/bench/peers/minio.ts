/** The object store as who has nothing else would use it: minio-js over TLS, in the clear, a bucket of its own. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import type { Readable } from 'node:stream';
import { createS3 } from '../../../functions/lib/data/s3.ts';
import { until } from '../../../functions/lib/until.ts';

export interface PlainStore {
  /** @returns the object's name */
  put: (bytes: Buffer) => Promise<string>;
  get: (name: string) => Promise<Readable>;
  /** Removes the bucket with all that is in it. */
  close: () => Promise<void>;
}

export interface PlainStoreOptions {
  /** `host:port`, as it is reached from here. */
  address: string;
  /** The name in the store's certificate, and PEM of the authority that it comes from. */
  servername: string;
  ca: string;
  accessKey: string;
  secretKey: string;
}

const bucket = 'selvedge-bench';

/** @throws Error when the store does not answer */
export async function connectPlainStore(options: PlainStoreOptions): Promise<PlainStore> {
  const { address, servername, ca, accessKey, secretKey } = options;
  const agent = new Agent({ keepAlive: true, ca, servername });
  const client = createS3({ endpoint: `https://${address}`, accessKey, secretKey, agent });
  const known = await until({ what: `the store at ${address}`, timeoutMs: 30_000 }, async () => ({
    bucket: await client.bucketExists(bucket),
  }));
  if (!known.bucket) await client.makeBucket(bucket);
  return {
    put: async (bytes) => {
      const name = randomUUID();
      await client.putObject(bucket, name, bytes, bytes.length);
      return name;
    },
    get: (name) => client.getObject(bucket, name),
    close: async () => {
      const { objects } = await client.listObjectsV2Query(bucket, '', '', '', 1000, '');
      const names = objects.flatMap(({ name }) => (name === undefined ? [] : [name]));
      if (names.length > 0) await client.removeObjects(bucket, names);
      await client.removeBucket(bucket);
      agent.destroy();
    },
  };
}
