import { text as readText } from 'node:stream/consumers';
import { z } from 'zod';
import { createS3, type S3, type S3Options } from '../lib/data/s3.ts';
import { until } from '../lib/until.ts';
import { dataUsers, type DataUser } from '../lib/tiers.ts';
import { adminPayload } from './admin-payload.ts';
import { storePolicy } from './store-policies.ts';

/** The keys are those of the account that may do everything. */
export interface StoreOptions extends S3Options {
  bucket: string;
  /** The secret key of each function; its access key is its name. */
  users: Readonly<Record<DataUser, string>>;
}

/**
 * Makes the bucket and a user with a policy for each function. What is there already is brought to
 * the same state, so that it may end anywhere and run again.
 */
export async function setUpStore(options: StoreOptions): Promise<void> {
  const { secretKey, bucket, users } = options;
  const client = createS3(options);
  await until({ what: 'the object store', timeoutMs: 180_000, final: isFinal }, async () => {
    if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket);
    for (const user of dataUsers) {
      const account = JSON.stringify({ secretKey: users[user], status: 'enabled' });
      const policy = JSON.stringify(storePolicy(user, bucket));
      await admin(client, 'add-canned-policy', { name: user }, Buffer.from(policy));
      const sealed = adminPayload(secretKey, Buffer.from(account));
      await admin(client, 'add-user', { accessKey: user }, sealed);
      const whose = { policyName: user, userOrGroup: user, isGroup: 'false' };
      await admin(client, 'set-user-or-group-policy', whose, Buffer.alloc(0));
    }
    return true;
  });
}

/** One call of MinIO's admin API. It is signed as S3 is, and its paths read as those of a bucket. */
async function admin(
  client: S3,
  call: string,
  parameters: Record<string, string>,
  body: Buffer,
): Promise<void> {
  const query = new URLSearchParams(parameters).toString();
  const request = { method: 'PUT', bucketName: 'minio', objectName: `admin/v3/${call}`, query };
  // The SDK reads refusals as XML, and the admin API writes JSON: so they are read here.
  const statuses = [200, 400, 403, 404, 409, 500, 503];
  const answer = await client.makeRequestAsync(request, body, statuses, 'us-east-1');
  const text = await readText(answer);
  if (answer.statusCode !== 200) throw new Refused(call, text);
}

/** The store refused a call of its admin API. The message holds its reason, and no part of the call. */
class Refused extends Error {
  readonly code: string;

  constructor(call: string, answer: string) {
    const { Code, Message } = reasonOf(answer);
    super(`the object store refused ${call}: ${Code} ${Message}`);
    this.name = 'Refused';
    this.code = Code;
  }
}

const reason = z.object({ Code: z.string(), Message: z.string() });

function reasonOf(answer: string): z.infer<typeof reason> {
  try {
    return reason.parse(JSON.parse(answer));
  } catch {
    return { Code: 'unknown', Message: 'it gave no reason' };
  }
}

const wrongCredentials = ['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch'];

/** Wrong credentials stay wrong; all else may be a store that is still starting. */
function isFinal(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return wrongCredentials.includes(code);
}
