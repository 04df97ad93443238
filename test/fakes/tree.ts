import { createHash } from 'node:crypto';

const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** The Merkle tree hash as RFC 9162 defines it in section 2.1.1, in the words that it uses. */
export function mth(d: readonly Uint8Array[]): Buffer {
  const n = d.length;
  if (n === 0) return sha256();
  if (n === 1) return sha256(Buffer.of(0x00), d[0]!);
  // The largest power of two that is smaller than n.
  const k = 2 ** Math.ceil(Math.log2(n) - 1);
  return sha256(Buffer.of(0x01), mth(d.slice(0, k)), mth(d.slice(k)));
}

/** The digest of a ciphertext by the same words: its leaves are its frames, the header is of the first. */
export function treeDigest(ciphertext: Uint8Array): string {
  const [header, frame] = [48, 65_536 + 16];
  const leaves = [ciphertext.subarray(0, header + frame)];
  for (let at = header + frame; at < ciphertext.length; at += frame) {
    leaves.push(ciphertext.subarray(at, at + frame));
  }
  return `sha256:${mth(leaves).toString('hex')}`;
}
