import { createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Readable, type Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import {
  ciphertextSize,
  decrypt,
  encrypt,
  framesOf,
  headerLength,
  plaintextSize,
  sealedStart,
} from '../../../../functions/lib/data/cipher.ts';
import type { Binding } from '../../../../functions/lib/data/datum.ts';
import { IntegrityError } from '../../../../functions/lib/errors.ts';

const frame = 65_536;
const dataKey = Buffer.alloc(32, 7);
const binding: Binding = {
  network: 'selvedge/supply',
  key: 'readings/42',
  index: 'etcd://selvedge/v1/records/selvedge/supply/n',
  owner: 'c0ffee',
  contentType: 'application/json',
  createdAt: '2026-01-01T00:00:00.000Z',
};

async function through(transform: Transform, ...chunks: Buffer[]): Promise<Buffer> {
  const source = Readable.from(chunks);
  const [, result] = await Promise.all([pipeline(source, transform), buffer(transform)]);
  return result;
}

async function seal(plaintext: Buffer): Promise<Buffer> {
  return through(encrypt(dataKey, binding), plaintext);
}

for (const size of [0, 1, 15, 16, 17, frame - 1, frame, frame + 1, 2 * frame, 5 * frame + 123]) {
  test(`${size} bytes come back as they were, with the sizes foretold`, async (t) => {
    const plaintext = randomBytes(size);
    const sealed = await seal(plaintext);
    t.is(sealed.length, ciphertextSize(size));
    t.is(plaintextSize(sealed.length), size);
    t.true((await through(decrypt(dataKey, binding), sealed)).equals(plaintext));
  });
}

test('some frames after the header open alone, each as the one that it is', async (t) => {
  const plaintext = randomBytes(4 * frame + 5);
  const sealed = await seal(plaintext);
  const header = sealed.subarray(0, headerLength);
  const part = (first: number, end: number) =>
    Buffer.concat([header, sealed.subarray(sealedStart(first), sealedStart(end))]);
  for (const [first, end] of [
    [0, 1],
    [1, 3],
    [3, 5],
    [4, 5],
    [0, 5],
  ] as const) {
    const opener = decrypt(dataKey, binding, { first, toEnd: end === 5 });
    const opened = await through(opener, part(first, end));
    t.true(opened.equals(plaintext.subarray(first * frame, end * frame)));
    // As others than they are they do not.
    for (const wrong of [
      { first: first + 1, toEnd: end === 5 },
      { first, toEnd: end !== 5 },
    ]) {
      const refused = through(decrypt(dataKey, binding, wrong), part(first, end));
      await t.throwsAsync(refused, { instanceOf: IntegrityError });
    }
  }
});

test('a range lies in the frames that hold its first and its last byte', (t) => {
  const ranges: [[number, number], [number, number]][] = [
    [
      [0, 0],
      [0, 0],
    ],
    [
      [0, frame - 1],
      [0, 0],
    ],
    [
      [frame - 1, frame],
      [0, 1],
    ],
    [
      [frame, 3 * frame - 1],
      [1, 2],
    ],
  ];
  for (const [[first, last], [from, to]] of ranges) {
    t.deepEqual(framesOf({ first, last }), { first: from, last: to });
  }
});

test('how the bytes are cut into chunks makes no difference', async (t) => {
  const plaintext = randomBytes(3 * frame + 5);
  for (const step of [1021, frame, 2 * frame + 1]) {
    const chunks = (all: Buffer): Buffer[] =>
      Array.from({ length: Math.ceil(all.length / step) }, (_, i) =>
        all.subarray(i * step, (i + 1) * step),
      );
    const sealed = await through(encrypt(dataKey, binding), ...chunks(plaintext));
    t.is(sealed.length, ciphertextSize(plaintext.length));
    t.true((await through(decrypt(dataKey, binding), ...chunks(sealed))).equals(plaintext));
  }
});

test('the format is what its description says', async (t) => {
  // An independent reading of the description, for one frame.
  const sealed = await seal(Buffer.from('{"celsius":21}'));
  const fixed = sealed.subarray(0, 16);
  t.is(fixed.subarray(0, 8).toString('hex'), '534c564702100000');
  t.is(fixed[15], 0);
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', dataKey, fixed, `selvedge-2 ${use}`, 32));
  const bound =
    '["selvedge-2","selvedge/supply","readings/42","etcd://selvedge/v1/records/selvedge/supply/n","c0ffee","application/json","2026-01-01T00:00:00.000Z"]';
  const aad = Buffer.concat([fixed, Buffer.from(bound)]);
  t.deepEqual(
    createHmac('sha256', derive('commitment')).update(aad).digest(),
    sealed.subarray(16, headerLength),
  );
  const nonce = Buffer.concat([fixed.subarray(8, 15), Buffer.from([0, 0, 0, 0, 1])]);
  const decipher = createDecipheriv('aes-256-gcm', derive('encryption'), nonce, {
    authTagLength: 16,
  });
  decipher.setAAD(aad).setAuthTag(sealed.subarray(-16));
  const plaintext =
    decipher.update(sealed.subarray(headerLength, -16)).toString() + decipher.final('utf8');
  t.is(plaintext, '{"celsius":21}');
});

test('a ciphertext of an earlier build still opens', async (t) => {
  const kept = Buffer.from(
    'U0xWRwIQAAAJ42r78YsOAMp1wU44YpK1o1Gbiyn7RZbpUlYY5wE+a69WJrAEwj6Z60mKjR0BT4sJlRfIqhGICMnwiHxrgML/Gt1wH4SfSYc=',
    'base64',
  );
  t.is((await through(decrypt(dataKey, binding), kept)).toString(), 'the weft returns');
});

test('the same plaintext never gives the same ciphertext', async (t) => {
  t.false((await seal(Buffer.from('x'))).equals(await seal(Buffer.from('x'))));
});

test('any flipped bit of a small ciphertext is found, and nothing is released', async (t) => {
  const sealed = await seal(Buffer.from('small'));
  for (let at = 0; at < sealed.length; at++) {
    for (const bit of [1, 128]) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= bit;
      await refused(t, changed);
    }
  }
});

test('a cut at any length of a small ciphertext is found', async (t) => {
  const sealed = await seal(Buffer.from('small'));
  for (let length = 0; length < sealed.length; length++) {
    await refused(t, sealed.subarray(0, length));
  }
});

const sealedFrame = frame + 16;
const frames: Record<string, (head: Buffer, parts: Buffer[]) => Buffer[]> = {
  'frames that changed places': (head, [a, b, c]) => [head, b!, a!, c!],
  'a frame that stands twice': (head, [a, b, c]) => [head, a!, a!, b!, c!],
  'a frame that is missing': (head, [a, , c]) => [head, a!, c!],
  'a last frame that is missing': (head, [a, b]) => [head, a!, b!],
  'a last frame that stands twice': (head, [a, b, c]) => [head, a!, b!, c!, c!],
  'bytes after the end': (head, parts) => [head, ...parts, Buffer.alloc(1)],
  'an empty frame after the end': (head, parts) => [head, ...parts, Buffer.alloc(16)],
};

for (const [name, change] of Object.entries(frames)) {
  test(`${name}: found`, async (t) => {
    const sealed = await seal(randomBytes(3 * frame));
    const parts = [0, 1, 2].map((i) =>
      sealed.subarray(headerLength + i * sealedFrame, headerLength + (i + 1) * sealedFrame),
    );
    const changed = Buffer.concat(change(sealed.subarray(0, headerLength), parts));
    await t.throwsAsync(through(decrypt(dataKey, binding), changed), {
      instanceOf: IntegrityError,
    });
  });
}

const others: Record<string, Partial<Binding>> = {
  network: { network: 'selvedge/other' },
  key: { key: 'readings/43' },
  index: { index: 'etcd://selvedge/v1/records/selvedge/supply/m' },
  owner: { owner: 'mallory' },
  'content type': { contentType: 'text/html' },
  'creation time': { createdAt: '2026-01-02T00:00:00.000Z' },
};

for (const [name, other] of Object.entries(others)) {
  test(`another ${name} does not open it`, async (t) => {
    const sealed = await seal(Buffer.from('bound'));
    const opened = through(decrypt(dataKey, { ...binding, ...other }), sealed);
    await t.throwsAsync(opened, { instanceOf: IntegrityError });
  });
}

test('another data key does not open it', async (t) => {
  const opened = through(decrypt(Buffer.alloc(32, 8), binding), await seal(Buffer.from('x')));
  await t.throwsAsync(opened, { instanceOf: IntegrityError });
});

test('frames before a broken one are released, the broken one and what follows are not', async (t) => {
  const plaintext = randomBytes(3 * frame);
  const sealed = await seal(plaintext);
  sealed[headerLength + sealedFrame + 5]! ^= 1;
  const transform = decrypt(dataKey, binding);
  const released: Buffer[] = [];
  transform.on('data', (chunk: Buffer) => released.push(chunk));
  await t.throwsAsync(pipeline(Readable.from([sealed]), transform), { instanceOf: IntegrityError });
  t.true(Buffer.concat(released).length <= frame);
  t.true(plaintext.subarray(0, frame).indexOf(Buffer.concat(released)) === 0);
});

test('however much flows through, only little is held', async (t) => {
  const chunk = randomBytes(1024 * 1024);
  let [taken, size, most] = [0, 0, 0];
  const source = Readable.from(
    (function* () {
      for (let i = 0; i < 48; i++) {
        taken += chunk.length;
        yield chunk;
      }
    })(),
    { highWaterMark: 1 },
  );
  const flow = source.pipe(encrypt(dataKey, binding)).pipe(decrypt(dataKey, binding));
  for await (const part of flow as AsyncIterable<Buffer>) {
    size += part.length;
    most = Math.max(most, taken - size);
  }
  t.is(size, 48 * chunk.length);
  t.true(most < 8 * chunk.length, `${most} bytes were held`);
});

async function refused(
  t: { deepEqual: (a: unknown, b: unknown) => unknown; true: (v: boolean) => unknown },
  sealed: Buffer,
): Promise<void> {
  const transform = decrypt(dataKey, binding);
  const released: Buffer[] = [];
  transform.on('data', (chunk: Buffer) => released.push(chunk));
  const error: unknown = await pipeline(Readable.from([sealed]), transform).catch(
    (e: unknown) => e,
  );
  t.true(error instanceof IntegrityError);
  t.deepEqual(released, []);
}
