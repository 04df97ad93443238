/** The cipher alone, against its two algorithms one after the other on one thread. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encrypt } from '../../../functions/lib/data/cipher.ts';
import { CiphertextHash } from '../../../functions/lib/data/leaves.ts';
import type { Row } from '../row.ts';

const mebibytes = 256;
/** Bytes of a piece, as they come from the network, and of a frame. */
const pieceSize = 64 * 1024;

export const cipher: Row = {
  name: 'cipher',
  says: 'the cipher pipeline alone, against one thread of AES-256-GCM and SHA-256 (no cluster)',
  comparisons: [
    { what: 'encrypted and hashed', unit: 'MiB/s', target: { at: 'least', times: 1.8 } },
  ],
  open({ signal }) {
    const piece = randomBytes(pieceSize);
    const pieces = (mebibytes * 1024 ** 2) / pieceSize;
    const turn = (work: () => Promise<unknown>) => async (): Promise<number[]> => {
      const began = performance.now();
      await work();
      return [mebibytes / ((performance.now() - began) / 1000)];
    };
    return Promise.resolve({
      ours: turn(() =>
        ours(
          Array.from({ length: pieces }, () => piece),
          signal,
        ),
      ),
      peer: turn(() => Promise.resolve(oneThread(piece, pieces))),
      close: () => Promise.resolve(),
    });
  },
};

/** As a put does it: encrypted by frames, and the ciphertext hashed. */
function ours(pieces: readonly Buffer[], signal: AbortSignal): Promise<void> {
  const hash = new CiphertextHash();
  const hashing = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done();
    },
    final: (done) => {
      hash.end();
      done();
    },
  });
  const binding = {
    ...{ network: 'selvedge/bench', key: 'bench', index: 'minio://bench', owner: 'bench' },
    ...{ contentType: 'application/octet-stream', createdAt: new Date().toISOString() },
  };
  return pipeline(Readable.from(pieces), encrypt(randomBytes(32), binding), hashing, { signal });
}

function oneThread(piece: Buffer, pieces: number): string {
  const encryption = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12));
  const hash = createHash('sha256');
  for (let n = 0; n < pieces; n++) hash.update(encryption.update(piece));
  hash.update(encryption.final()).update(encryption.getAuthTag());
  return hash.digest('hex');
}
