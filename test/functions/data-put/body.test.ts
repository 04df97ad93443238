import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { digestOf, Meter, open, Sealed } from '../../../functions/data-put/body.ts';
import { recordLimit } from '../../../functions/data-put/decisions.ts';
import { mostHeld, trailerLength } from '../../../functions/lib/data/leaves.ts';
import { BadRequest } from '../../../functions/lib/errors.ts';
import { treeDigest } from '../../fakes/tree.ts';

const MiB = 1024 * 1024;

for (const size of [0, 1, recordLimit, recordLimit + 1, 5 * MiB]) {
  test(`${size} bytes: all of them come through, and what is known of their size`, async (t) => {
    const body = randomBytes(size);
    const chunks: Buffer[] = [];
    for (let at = 0; at < size; at += 100_000) chunks.push(body.subarray(at, at + 100_000));
    const { extent, whole } = await open(Readable.from(chunks));
    t.is(extent, size > recordLimit ? 'more' : size);
    t.true((await buffer(whole)).equals(body));
  });
}

test('only as much is read as is needed', async (t) => {
  let taken = 0;
  const endless = new Readable({
    highWaterMark: 1,
    read() {
      taken += 65_536;
      this.push(Buffer.alloc(65_536));
    },
  });
  await open(endless);
  t.true(taken < 2 * recordLimit);
  endless.destroy();
});

for (const after of [0, 100, 2 * MiB]) {
  test(`a body that breaks off after ${after} bytes is a bad request`, async (t) => {
    const source = Readable.from(
      (function* () {
        if (after > 0) yield Buffer.alloc(after);
        throw new Error('connection reset');
      })(),
    );
    const reading = open(source).then(({ whole }) => buffer(whole));
    await t.throwsAsync(reading, { instanceOf: BadRequest });
  });
}

test('a meter counts and hashes what goes through', async (t) => {
  const body = randomBytes(100_000);
  const meter = new Meter();
  t.true((await buffer(Readable.from([body]).pipe(meter))).equals(body));
  const expected = createHash('sha256').update(body).digest('hex');
  t.is(meter.size, body.length);
  t.is(meter.digest(), expected);
  t.is(await digestOf(Readable.from([body])), expected);
});

for (const size of [64, mostHeld, mostHeld + 1]) {
  test(`a ciphertext of ${size} bytes goes through, and is followed by what is stored with it`, async (t) => {
    const ciphertext = randomBytes(size);
    const sealed = new Sealed();
    const stored = await buffer(Readable.from([ciphertext]).pipe(sealed));
    t.true(stored.subarray(0, size).equals(ciphertext));
    t.is(stored.length, size + trailerLength(size));
    t.is(sealed.size, size);
    t.is(sealed.digest, treeDigest(ciphertext));
  });
}
