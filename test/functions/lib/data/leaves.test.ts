import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { ciphertextSize, encrypt } from '../../../../functions/lib/data/cipher.ts';
import {
  CiphertextHash,
  digestOver,
  mostHeld,
  trailerLength,
} from '../../../../functions/lib/data/leaves.ts';
import { randomFrom } from '../../../../scripts/chaos/random.ts';
import { treeDigest } from '../../../fakes/tree.ts';

const frame = 65_536;
const binding = {
  ...{ network: 'n', key: 'k', index: 'i', owner: 'o' },
  ...{ contentType: 'text/plain', createdAt: '2026-01-01T00:00:00.000Z' },
};

const seal = (plaintext: Buffer): Promise<Buffer> =>
  buffer(Readable.from([plaintext]).pipe(encrypt(Buffer.alloc(32, 7), binding)));

function hashOf(...chunks: Buffer[]) {
  const hash = new CiphertextHash();
  for (const chunk of chunks) hash.update(chunk);
  return { ...hash.end(), size: hash.size };
}

for (const size of [0, 14, frame - 1, frame]) {
  test(`the digest of ${size} bytes, one frame, is the leaf hash of their ciphertext`, async (t) => {
    const sealed = await seal(randomBytes(size));
    const leaf = createHash('sha256').update(Buffer.of(0)).update(sealed).digest('hex');
    t.is(hashOf(sealed).digest, `sha256:${leaf}`);
  });
}

for (const size of [frame + 1, 2 * frame, 3 * frame, 6 * frame + 5]) {
  test(`the digest of ${size} bytes is the tree hash over their frames`, async (t) => {
    const sealed = await seal(randomBytes(size));
    t.is(hashOf(sealed).digest, treeDigest(sealed));
  });
}

test('whatever the size and however it is cut, the digest is the same', (t) => {
  const random = randomFrom(1);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  for (let i = 0; i < 60; i++) {
    const sealed = randomBytes(64 + upTo(9 * frame));
    const chunks: Buffer[] = [];
    for (let at = 0; at < sealed.length;) {
      const chunk = sealed.subarray(at, at + upTo(3 * frame));
      chunks.push(chunk);
      at += chunk.length;
    }
    t.deepEqual(hashOf(...chunks), {
      digest: treeDigest(sealed),
      size: sealed.length,
      trailer: Buffer.alloc(0),
    });
  }
});

test('a ciphertext that readers do not hold is followed by the hashes of its leaves', (t) => {
  for (const size of [mostHeld, mostHeld + 1, 2 * mostHeld]) {
    const sealed = randomBytes(size);
    const { digest, trailer } = hashOf(sealed);
    t.is(trailer.length, trailerLength(size));
    t.is(trailer.length > 0, size > mostHeld);
    t.is(digest, treeDigest(sealed));
    if (size > mostHeld) t.is(digestOver(trailer), digest);
  }
});

test('what follows a ciphertext has 32 bytes for each frame', (t) => {
  const plaintext = 100 * frame;
  t.is(trailerLength(ciphertextSize(plaintext)), 100 * 32);
  t.is(trailerLength(ciphertextSize(plaintext + 1)), 101 * 32);
  t.is(trailerLength(ciphertextSize(5 * 1024 ** 3)), 2.5 * 1024 ** 2);
});
