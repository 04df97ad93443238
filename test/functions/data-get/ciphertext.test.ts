import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate, setTimeout } from 'node:timers/promises';
import test from 'ava';
import { createCiphertexts, type Ciphertexts } from '../../../functions/data-get/ciphertext.ts';
import {
  frameCount,
  headerLength,
  sealedFrame,
  sealedStart,
  type Frames,
} from '../../../functions/lib/data/cipher.ts';
import { CiphertextHash, mostHeld } from '../../../functions/lib/data/leaves.ts';
import type { Objects } from '../../../functions/lib/data/objects.ts';
import { IntegrityError, NotFound } from '../../../functions/lib/errors.ts';
import { randomFrom } from '../../../scripts/chaos/random.ts';

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };
const index = 'minio://b/selvedge/supply/uid-1/x';

const over = (get: Objects['get']): Ciphertexts =>
  createCiphertexts({
    metadata: { readCiphertext: () => Promise.resolve(undefined) },
    objects: { bucket: 'b', get },
  });

/** What is stored of a ciphertext, and what the chain says of it. */
function sealed(size: number) {
  const ciphertext = randomBytes(size);
  const hash = new CiphertextHash();
  hash.update(ciphertext);
  const { digest, trailer } = hash.end();
  return { stored: Buffer.concat([ciphertext, trailer]), expected: { index, digest, size } };
}

/** Ciphertexts over one object, and how many bytes of it were read. */
function holding(object: Buffer) {
  const reads = { bytes: 0 };
  const ciphertexts = over((_name, { offset, length } = { offset: 0 }) => {
    if (offset > 0 && offset >= object.length) return Promise.reject(new NotFound('no such part'));
    const part = object.subarray(offset, length === undefined ? undefined : offset + length);
    const chunks = (function* () {
      for (let at = 0; at < part.length; at += 16_384) {
        const chunk = part.subarray(at, at + 16_384);
        reads.bytes += chunk.length;
        yield chunk;
      }
    })();
    return Promise.resolve(Readable.from(chunks, { objectMode: false }));
  });
  return { ...ciphertexts, reads };
}

/** What is given before it ends, and why it ends early. */
async function drained(reading: Promise<Readable>): Promise<{ given: Buffer; error?: unknown }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of (await reading) as AsyncIterable<Buffer>) chunks.push(chunk);
    return { given: Buffer.concat(chunks) };
  } catch (error) {
    return { given: Buffer.concat(chunks), error };
  }
}

const long = sealed(mostHeld + 5 * sealedFrame + 77);
const short = sealed(3 * sealedFrame + 5);

for (const [name, { stored, expected }] of Object.entries({
  'a short ciphertext': short,
  'the longest that is held': sealed(mostHeld),
  'the shortest that is not': sealed(mostHeld + 1),
  'one whose last frame is whole': sealed(headerLength + 70 * sealedFrame),
  'a long one': long,
})) {
  test(`${name} is given as it is, and read once`, async (t) => {
    const { verified, matches, reads } = holding(stored);
    const given = await buffer(await verified(network, expected));
    t.true(given.equals(stored.subarray(0, expected.size)));
    t.is(reads.bytes, stored.length);
    t.true(await matches(network, expected));
  });
}

test('any flipped bit of a short ciphertext is found before a byte is given', async (t) => {
  const random = randomFrom(1);
  const { stored, expected } = short;
  for (let i = 0; i < 50; i++) {
    const at = Math.floor(random() * stored.length);
    const { verified, matches } = holding(flipped(stored, at, random));
    await t.throwsAsync(verified(network, expected), { instanceOf: IntegrityError }, `${at}`);
    t.false(await matches(network, expected));
  }
});

test('any flipped bit of a long ciphertext ends it before its frame', async (t) => {
  const random = randomFrom(2);
  const { stored, expected } = long;
  const ends = [0, 47, 48, headerLength + sealedFrame - 1, headerLength + sealedFrame];
  const some = Array.from({ length: 40 }, () => Math.floor(random() * expected.size));
  for (const at of [...ends, ...some, expected.size - 1]) {
    const { verified, matches } = holding(flipped(stored, at, random));
    const { given, error } = await drained(verified(network, expected));
    t.true(error instanceof IntegrityError, `${at}`);
    const frame = Math.max(0, Math.floor((at - headerLength) / sealedFrame));
    const before = frame === 0 ? 0 : headerLength + frame * sealedFrame;
    t.true(given.equals(stored.subarray(0, given.length)));
    t.true(given.length <= before, `${at}`);
    t.false(await matches(network, expected));
  }
});

test('any flipped bit of the hashes of leaves is found before a byte is given', async (t) => {
  const random = randomFrom(3);
  const { stored, expected } = long;
  for (let i = 0; i < 50; i++) {
    const at = expected.size + Math.floor(random() * (stored.length - expected.size));
    const { verified, matches } = holding(flipped(stored, at, random));
    await t.throwsAsync(verified(network, expected), { instanceOf: IntegrityError }, `${at}`);
    t.false(await matches(network, expected));
  }
});

const { size } = long.expected;
const [first, second] = [headerLength + sealedFrame, headerLength + 2 * sealedFrame];
const others: Record<string, (stored: Buffer) => Buffer> = {
  'without the hashes of its leaves': (all) => all.subarray(0, size),
  'without the last of those hashes': (all) => all.subarray(0, -32),
  'with a byte after them': (all) => Buffer.concat([all, Buffer.alloc(1)]),
  'with one more of them': (all) => Buffer.concat([all, all.subarray(-32)]),
  'without its last byte': (all) => Buffer.concat([all.subarray(0, size - 1), all.subarray(size)]),
  'cut off in the middle': (all) => all.subarray(0, size / 2),
  'of which nothing is left': () => Buffer.alloc(0),
  'with two frames that changed places, and their hashes too': (all) => {
    const other = Buffer.from(all);
    const third = second + sealedFrame;
    all.copy(other, first, second, third);
    all.copy(other, second, first, second);
    all.copy(other, size + 32, size + 64, size + 96);
    all.copy(other, size + 64, size + 32, size + 64);
    return other;
  },
  'in whose place is another, whole by itself': () => sealed(size).stored,
  'in whose place is a shorter one, whole by itself': () => sealed(size - sealedFrame).stored,
};

for (const [name, change] of Object.entries(others)) {
  test(`a long ciphertext ${name} is refused`, async (t) => {
    const { verified, matches } = holding(change(long.stored));
    const { given, error } = await drained(verified(network, long.expected));
    t.true(error instanceof IntegrityError);
    t.is(given.length, 0);
    t.false(await matches(network, long.expected));
  });
}

test('a body that ends early behind good hashes is refused, wherever it ends', async (t) => {
  const { stored, expected } = long;
  for (const end of [0, 1, headerLength, first - 1, first, first + 1, second, size - 1]) {
    const { verified } = over((_name, { offset } = { offset: 0 }) =>
      Promise.resolve(
        Readable.from([offset > 0 ? stored.subarray(offset) : stored.subarray(0, end)], {
          objectMode: false,
        }),
      ),
    );
    const { given, error } = await drained(verified(network, expected));
    t.true(error instanceof IntegrityError, `${end}`);
    t.true(given.length <= Math.max(0, end));
  }
});

const lastFrame = frameCount(size) - 1;
const portions: Record<string, Frames> = {
  'the first frame': { first: 0, last: 0 },
  'the first frames': { first: 0, last: 2 },
  'the second frame': { first: 1, last: 1 },
  'frames in the middle': { first: 20, last: 29 },
  'the last frame': { first: lastFrame, last: lastFrame },
  'all but the first': { first: 1, last: lastFrame },
};

/** The header and some frames, as they are stored. */
const portion = (stored: Buffer, { first: from, last }: Frames): Buffer =>
  Buffer.concat([
    stored.subarray(0, headerLength),
    stored.subarray(sealedStart(from), Math.min(sealedStart(last + 1), size)),
  ]);

for (const [name, frames] of Object.entries(portions)) {
  test(`of a long ciphertext, ${name} and the header are given, and little else is read`, async (t) => {
    const { part, reads } = holding(long.stored);
    const given = await buffer(await part(network, long.expected, frames));
    t.true(given.equals(portion(long.stored, frames)));
    const header = frames.first === 0 ? 0 : sealedStart(1);
    const own = given.length - (frames.first === 0 ? 0 : headerLength);
    t.is(reads.bytes, long.stored.length - size + header + own);
  });

  test(`of a long ciphertext, ${name} and the header are not given with any flipped bit`, async (t) => {
    const random = randomFrom(4);
    const { first: from, last } = frames;
    const own = Math.min(sealedStart(last + 1), size) - sealedStart(from);
    for (let i = 0; i < 20; i++) {
      const at = i < 5 ? i * 9 : sealedStart(from) + Math.floor(random() * own);
      const { part } = holding(flipped(long.stored, at, random));
      const { given, error } = await drained(part(network, long.expected, frames));
      t.true(error instanceof IntegrityError, `${at}`);
      const before = Math.max(0, Math.floor((at - headerLength) / sealedFrame) - from);
      t.true(given.length <= headerLength + before * sealedFrame);
      t.true(given.equals(portion(long.stored, frames).subarray(0, given.length)));
    }
  });
}

test('a frame that is not asked for is not looked at, but for the hashes of all', async (t) => {
  const frames = { first: 20, last: 29 };
  const other = holding(flipped(long.stored, sealedStart(40) + 7, () => 0));
  const given = await buffer(await other.part(network, long.expected, frames));
  t.true(given.equals(portion(long.stored, frames)));
  const hashes = holding(flipped(long.stored, size + 40 * 32, () => 0));
  const reading = hashes.part(network, long.expected, frames);
  await t.throwsAsync(reading, { instanceOf: IntegrityError });
});

test('frames in whose place are others of the same ciphertext are refused', async (t) => {
  const moved = Buffer.from(long.stored);
  long.stored.copy(moved, sealedStart(20), sealedStart(21), sealedStart(22));
  const { part } = holding(moved);
  const { given, error } = await drained(part(network, long.expected, { first: 20, last: 29 }));
  t.true(error instanceof IntegrityError);
  t.is(given.length, headerLength);
});

test('a part that ends early is refused', async (t) => {
  const frames = { first: 1, last: 3 };
  for (const end of [sealedStart(1), sealedStart(2), sealedStart(3), sealedStart(4) - 1]) {
    const { part } = over((_name, { offset, length } = { offset: 0 }) => {
      const till = offset < size ? Math.min(end, offset + (length ?? size)) : undefined;
      return Promise.resolve(
        Readable.from([long.stored.subarray(offset, till)], { objectMode: false }),
      );
    });
    const { error } = await drained(part(network, long.expected, frames));
    t.true(error instanceof IntegrityError, `${end}`);
  }
});

test('of a short ciphertext any frames are given, after all of it was seen to match', async (t) => {
  const { stored, expected } = short;
  for (const frames of [
    { first: 0, last: 0 },
    { first: 1, last: 2 },
    { first: 3, last: 3 },
  ]) {
    const given = await buffer(await holding(stored).part(network, expected, frames));
    t.true(given.equals(cutOf(stored, frames)));
    const { part } = holding(flipped(stored, stored.length - 1, () => 0));
    await t.throwsAsync(part(network, expected, frames), { instanceOf: IntegrityError });
  }
});

const cutOf = (stored: Buffer, { first: from, last }: Frames): Buffer =>
  Buffer.concat([
    stored.subarray(0, headerLength),
    stored.subarray(sealedStart(from), sealedStart(last + 1)),
  ]);

test('what breaks before anybody reads is heard by who reads then', async (t) => {
  const { verified } = holding(flipped(long.stored, 100, () => 0));
  const reading = await verified(network, long.expected);
  await setTimeout(50);
  const { given, error } = await drained(Promise.resolve(reading));
  t.true(error instanceof IntegrityError);
  t.is(given.length, 0);
});

for (const reads of ['verified', 'matches'] as const) {
  test(`a caller who leaves ends the reading of a ciphertext (${reads})`, async (t) => {
    const { stored, expected } = reads === 'matches' ? long : sealed(mostHeld);
    const left = new AbortController();
    let read = 0;
    const body = new Readable({
      read() {
        if (++read === 3) left.abort(new Error('the caller left'));
        const chunk = stored.subarray((read - 1) * 65_536, read * 65_536);
        this.push(chunk.length > 0 ? chunk : null);
      },
    });
    const trailer = Readable.from([stored.subarray(expected.size)], { objectMode: false });
    const ciphertexts = over((_name, { offset } = { offset: 0 }) =>
      Promise.resolve(offset > 0 ? trailer : body),
    );
    const reading = ciphertexts[reads](network, expected, left.signal);
    await t.throwsAsync(reading, { message: 'the caller left' });
    await setImmediate();
    t.true(body.destroyed);
    t.true(read < 20);
  });
}

function flipped(bytes: Buffer, at: number, random: () => number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 1 << Math.floor(random() * 8);
  return changed;
}
