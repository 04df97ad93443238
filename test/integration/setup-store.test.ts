/** What each function may do in an object store as the setup leaves it: a real MinIO, real users. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import anyTest, { type TestFn } from 'ava';
import { NotFound } from '../../functions/lib/errors.ts';
import { connectObjects } from '../../functions/lib/data/objects.ts';
import type { S3 } from '../../functions/lib/data/s3.ts';
import { until } from '../../functions/lib/until.ts';
import type { DataUser } from '../../functions/lib/tiers.ts';
import { setUpStore } from '../../functions/setup/store.ts';
import { startMinio, type MinioServer } from './harness.ts';

const MiB = 1024 * 1024;
const bucket = 'selvedge';
const test = anyTest as TestFn<{ minio: MinioServer }>;
test.before(async (t) => {
  t.context = { minio: await startMinio() };
  const root = t.context.minio.client();
  await root.makeBucket('others');
  for (const where of [bucket, 'others']) await root.putObject(where, 'there', 'x', 1);
});
test.after.always((t) => t.context.minio.stop());

const signal = new AbortController().signal;
const denied = { message: /Access Denied|AccessDenied/ };

test('what data-put writes, in one piece or in parts, data-get reads', async (t) => {
  const { minio } = t.context;
  const put = connectObjects({ ...minio.as('data-put'), partSize: 5 * MiB });
  const get = connectObjects(minio.as('data-get'));
  for (const size of [10, 11 * MiB]) {
    const [name, body] = [`n/${randomUUID()}`, randomBytes(size)];
    await put.put(name, Readable.from([body]), signal);
    t.true(body.equals(await buffer(await get.get(name))));
    await put.remove(name);
    await t.throwsAsync(get.get(name), { instanceOf: NotFound });
  }
});

test('data-put erases what a network left, and data-get does not', async (t) => {
  const { minio } = t.context;
  const put = connectObjects(minio.as('data-put'));
  const get = connectObjects(minio.as('data-get'));
  const names = [1, 2, 3].map((n) => `ns/gone/incarnation/${n}`);
  for (const name of names) await put.put(name, Readable.from([Buffer.from('x')]), signal);
  await t.throwsAsync(get.erase('ns/gone/incarnation/'));
  t.is(await put.erase('ns/gone/incarnation/'), 3);
  t.is(await put.erase('ns/gone/incarnation/'), 0);
});

test('data-put ends an upload that it gave up', async (t) => {
  const { minio } = t.context;
  const put = connectObjects({ ...minio.as('data-put'), partSize: 5 * MiB });
  const [name, leaving] = [randomUUID(), new AbortController()];
  const endless = new Readable({ read: () => void endless.push(randomBytes(MiB)) });
  const upload = put.put(name, endless, leaving.signal);
  const unfinished = () => minio.client().findUploadId(bucket, name);
  await until({ what: 'the upload to begin', timeoutMs: 20_000 }, unfinished);
  leaving.abort(new Error('the caller left'));
  await t.throwsAsync(upload, { message: 'the caller left' });
  t.is(await unfinished(), undefined);
});

/** What is tried on an object `there`, and who may. */
const calls: Record<string, [readonly DataUser[], (client: S3) => Promise<unknown>]> = {
  'read an object': [['data-get'], (client) => client.getObject(bucket, 'there')],
  'write an object': [['data-put'], (client) => client.putObject(bucket, randomUUID(), 'x', 1)],
  'remove an object': [['data-put'], (client) => client.removeObject(bucket, randomUUID())],
  'list objects': [['data-put'], (client) => client.listObjectsV2Query(bucket, '', '', '', 9, '')],
  'list the unfinished uploads': [['data-put'], (client) => client.findUploadId(bucket, 'there')],
  'make a bucket': [[], (client) => client.makeBucket('another')],
  'write to another bucket': [[], (client) => client.putObject('others', 'x', 'x', 1)],
  'read from another bucket': [[], (client) => client.getObject('others', 'there')],
  'remove the bucket': [[], (client) => client.removeBucket(bucket)],
  'open the bucket to everybody': [[], (client) => client.setBucketPolicy(bucket, open)],
};
const open = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: ['*'] },
      Action: ['s3:GetObject'],
      Resource: [`arn:aws:s3:::${bucket}/*`],
    },
  ],
});

for (const [what, [allowed, call]] of Object.entries(calls)) {
  for (const user of ['data-put', 'data-get'] as const) {
    const may = allowed.includes(user);
    test(`${user} ${may ? 'may' : 'may not'} ${what}`, async (t) => {
      const attempt = call(t.context.minio.client(user));
      if (may) await t.notThrowsAsync(attempt);
      else await t.throwsAsync(attempt, denied);
    });
  }
}

for (const user of ['data-put', 'data-get'] as const) {
  test(`${user} may make neither users nor policies`, async (t) => {
    const { minio } = t.context;
    const own = minio.as(user);
    const users = { 'data-put': own.secretKey, 'data-get': own.secretKey };
    const attempt = setUpStore({
      ...own,
      endpoint: own.endpoints[0]!,
      users,
      ca: readFileSync(own.caFile),
    });
    await t.throwsAsync(attempt, { code: 'AccessDenied' });
  });
}

test('a second setup leaves the users as they are', async (t) => {
  await t.context.minio.setUp();
  const get = connectObjects(t.context.minio.as('data-get'));
  t.is((await buffer(await get.get('there'))).toString(), 'x');
});

test('a user without its secret is nobody', async (t) => {
  const options = { ...t.context.minio.as('data-get'), secretKey: 'secret-of-data-put' };
  await t.throwsAsync(connectObjects(options).get('there'), { message: /SignatureDoesNotMatch/ });
});
