import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import anyTest, { type TestFn } from 'ava';
import { NotFound, Unavailable } from '../../functions/lib/errors.ts';
import { connectObjects, type Objects } from '../../functions/lib/data/objects.ts';
import { startMinio, type MinioServer } from './harness.ts';

const MiB = 1024 * 1024;
const test = anyTest as TestFn<{ minio: MinioServer; objects: Objects }>;
test.before(async (t) => {
  const minio = await startMinio();
  t.context = { minio, objects: connectObjects({ ...minio.options, partSize: 5 * MiB }) };
});
test.after.always((t) => t.context.minio.stop());

const patient = (): AbortSignal => new AbortController().signal;

for (const size of [1, 5 * MiB - 1, 5 * MiB, 5 * MiB + 1, 10 * MiB, 17 * MiB]) {
  test(`${size} bytes come back as they were`, async (t) => {
    const { objects } = t.context;
    const [name, body] = [`n/${randomUUID()}`, randomBytes(size)];
    t.deepEqual(await objects.put(name, Readable.from([body]), patient()), { size });
    t.true(body.equals(await buffer(await objects.get(name))));
  });
}

test('a part of an object is read', async (t) => {
  const { objects } = t.context;
  const [name, body] = [randomUUID(), randomBytes(6 * MiB)];
  await objects.put(name, Readable.from([body]), patient());
  const read = async (offset: number, length?: number) =>
    buffer(await objects.get(name, { offset, ...(length !== undefined && { length }) }));
  t.true(body.subarray(5, 5 + MiB).equals(await read(5, MiB)));
  t.true(body.subarray(0, 1).equals(await read(0, 1)));
  t.true(body.subarray(MiB).equals(await read(MiB)));
  t.true(body.subarray(-1).equals(await read(body.length - 1, 10)));
  await t.throwsAsync(objects.get(name, { offset: body.length }), { instanceOf: NotFound });
});

test('what was removed is not found, and removing what is absent is fine', async (t) => {
  const { objects } = t.context;
  const name = randomUUID();
  await objects.put(name, Readable.from([randomBytes(10)]), patient());
  await objects.remove(name);
  await t.throwsAsync(objects.get(name), { instanceOf: NotFound });
  await t.notThrowsAsync(objects.remove(name));
});

test('what begins with a prefix is erased in batches, and nothing else', async (t) => {
  const { objects } = t.context;
  const prefix = `${randomUUID()}/old/`;
  const put = (name: string) => objects.put(name, Readable.from([Buffer.from('x')]), patient());
  for (let i = 0; i < 501; i += 3) {
    await Promise.all([0, 1, 2].map((j) => put(`${prefix}${i + j}/ü &<x>`)));
  }
  const other = prefix.replace('old', 'older');
  await put(`${other}x`);
  t.is(await objects.erase(prefix), 500);
  t.is(await objects.erase(prefix), 1);
  t.is(await objects.erase(prefix), 0);
  t.is(await objects.erase(other), 1);
});

for (const [what, end] of Object.entries({
  fails: (source: Readable) => source.destroy(new Error('the source broke')),
  'is destroyed without a reason': (source: Readable) => source.destroy(),
})) {
  test(`a source that ${what} ends the upload, and nothing is left`, async (t) => {
    const { objects } = t.context;
    for (const after of [1, 8]) {
      const name = randomUUID();
      let count = 0;
      const source = new Readable({
        read() {
          if (count++ < after) this.push(randomBytes(MiB));
          else setImmediate(() => end(this));
        },
      });
      await t.throwsAsync(objects.put(name, source, patient()));
      await t.throwsAsync(objects.get(name), { instanceOf: NotFound });
    }
  });
}

test('a signal ends the upload with its reason, also when the source says nothing', async (t) => {
  const leaving = new AbortController();
  const silent = new Readable({ read: () => undefined });
  const put = t.context.objects.put(randomUUID(), silent, leaving.signal);
  leaving.abort(new Error('the caller left'));
  await t.throwsAsync(put, { message: 'the caller left' });
  t.true(silent.destroyed);
});

test('a reader may take its time', async (t) => {
  const { objects, minio } = t.context;
  const [name, body] = [randomUUID(), randomBytes(8 * MiB)];
  await objects.put(name, Readable.from([body]), patient());
  const hasty = connectObjects({ ...minio.options, timeoutMs: 2_000 });
  const chunks: Buffer[] = [];
  for await (const chunk of (await hasty.get(name)) as AsyncIterable<Buffer>) {
    if (chunks.push(chunk) === 3) await new Promise((resolve) => setTimeout(resolve, 2_500));
  }
  t.true(body.equals(Buffer.concat(chunks)));
});

test('a store that accepts and never answers is unavailable', async (t) => {
  const mute = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => mute.once('listening', resolve));
  const endpoint = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`;
  const objects = connectObjects({
    ...t.context.minio.options,
    endpoints: [endpoint],
    timeoutMs: 300,
  });
  await t.throwsAsync(objects.get('x'), { instanceOf: Unavailable });
  const put = objects.put('x', Readable.from([Buffer.from('x')]), patient());
  await t.throwsAsync(put, { instanceOf: Unavailable });
  mute.close();
});

test('another certificate authority is not trusted', async (t) => {
  const { caFile: _, ...options } = t.context.minio.options;
  await t.throwsAsync(connectObjects(options).get('x'), { instanceOf: Unavailable });
});

test('wrong credentials are no «not found»', async (t) => {
  const objects = connectObjects({ ...t.context.minio.options, secretKey: 'wrong-secret' });
  await t.throwsAsync(objects.get('x'), { instanceOf: Unavailable });
});
