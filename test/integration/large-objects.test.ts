/** Objects that are too large to be held: each frame is verified as it comes. */
import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import anyTest, { type TestFn } from 'ava';
import { createCiphertexts } from '../../functions/data-get/ciphertext.ts';
import * as errors from '../../functions/lib/errors.ts';
import { ciphertextSize, headerLength, sealedFrame } from '../../functions/lib/data/cipher.ts';
import { trailerLength } from '../../functions/lib/data/leaves.ts';
import { replace, stored } from './intruder.ts';
import { caller, network, opened, startWorld, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const fresh = (): string => `key-${randomUUID()}`;

/** What a reader of a datum is given before the reading ends, and why it ends early. */
async function drained(
  { getDeps }: Pick<World, 'getDeps'>,
  key: string,
): Promise<{ given: Buffer; error?: unknown }> {
  const chunks: Buffer[] = [];
  try {
    const request = { ref: { ...network, key }, caller: caller('alice'), version: undefined };
    const body = await opened(getDeps, request);
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    return { given: Buffer.concat(chunks) };
  } catch (error) {
    return { given: Buffer.concat(chunks), error };
  }
}

test('a large object with one flipped byte breaks off before its frame, and the audit hears of it once', async (t) => {
  const key = fresh();
  const body = randomBytes(12_000_000);
  const { index } = await t.context.put(key, body, { contentType: 'video/mp4' });
  const bytes = await stored(t.context, index);
  const size = ciphertextSize(body.length);
  const mismatches = () =>
    t.context.audit.filter((fact) => fact.audit === 'integrity' && fact.key === key).length;
  const second = headerLength + sealedFrame;
  for (const at of [10, second - 1, second, 6_000_000, size - 1, size, bytes.length - 1]) {
    const before = mismatches();
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    await replace(t.context, index, changed);
    const { given, error } = await drained(t.context, key);
    t.true(error instanceof errors.IntegrityError, `${at}`);
    // What follows the ciphertext is looked at first.
    const whole = at >= size ? 0 : Math.max(0, Math.floor((at - headerLength) / sealedFrame));
    t.true(given.length <= whole * 65_536, `${at}`);
    t.true(given.equals(body.subarray(0, given.length)));
    t.is(mismatches(), before + 1, `${at}`);
    t.false((await t.context.verify(key)).verified);
  }
  await replace(t.context, index, bytes);
  t.true(body.equals(await t.context.get(key)));
});

test('a large object is read once, and is given from its first frame on', async (t) => {
  const { put, getDeps } = t.context;
  const key = fresh();
  const body = randomBytes(12_000_000);
  await put(key, body, { contentType: 'video/mp4' });
  const { objects } = t.context.putDeps;
  const reads: { offset: number; bytes: number }[] = [];
  const get: typeof objects.get = async (name, part = { offset: 0 }) => {
    const read = { offset: part.offset, bytes: 0 };
    reads.push(read);
    const stream = await objects.get(name, part);
    return stream.on('data', (chunk: Buffer) => (read.bytes += chunk.length)).pause();
  };
  const ciphertexts = createCiphertexts({ ...getDeps, objects: { ...objects, get } });
  const request = { ref: { ...network, key }, caller: caller('alice'), version: undefined };
  const found = await opened({ ...getDeps, ciphertexts }, request);
  const size = ciphertextSize(body.length);
  t.deepEqual(
    reads.map(({ offset }) => offset),
    [size, 0],
  );
  t.true(reads[1]!.bytes < size / 2, `${reads[1]!.bytes}`);
  t.true(body.equals(await buffer(found)));
  t.deepEqual(
    reads.map(({ bytes }) => bytes),
    [trailerLength(size), size],
  );
});
