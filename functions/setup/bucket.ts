import { Agent } from 'node:https';
import { Client, S3Error } from 'minio';
import { until } from '../lib/until.ts';

export interface BucketOptions {
  /** e.g. `https://minio.selvedge.svc:9000` */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** PEM of the authority that issued the store's certificate. */
  ca: Buffer;
  bucket: string;
}

/** Makes the bucket, by plain S3; one that is there is left as it is. */
export async function makeBucket(options: BucketOptions): Promise<void> {
  const { endpoint, accessKey, secretKey, ca, bucket } = options;
  const { hostname, port, protocol } = new URL(endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
    region: 'us-east-1',
    transportAgent: new Agent({ ca }),
  });
  await until({ what: `the bucket ${bucket}`, timeoutMs: 180_000, final: isFinal }, async () => {
    if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket);
    return true;
  });
}

/** Wrong credentials stay wrong; all else may be a store that is still starting. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof S3Error &&
    ['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch'].includes(error.code ?? '')
  );
}
