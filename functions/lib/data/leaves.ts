/**
 * The digest of a ciphertext of the format `selvedge-2`: the Merkle tree hash (tree.ts) over its frames. Leaf
 * number i is frame number i as it is stored, with its tag; the header belongs to the first. So of one
 * frame the digest is the leaf hash of the whole ciphertext.
 *
 * Who has the hashes of the leaves verifies each frame as it comes. A long ciphertext is followed by them, in
 * their order and 32 bytes each: in the same object, so that they come and go with it, and past its end,
 * so that `size` and digest are of the ciphertext alone. They are nobody's word: the root over them must
 * be the digest that the chain has.
 */
import type { Hash } from 'node:crypto';
import { frameCount, headerLength, sealedFrame } from './cipher.ts';
import { createLeafHash, hashLength, TreeHash } from './tree.ts';

/** Bytes of a ciphertext that readers verify whole, before the first byte: no leaves follow it. */
export const mostHeld = 4 * 1024 * 1024;

/** Bytes that follow a ciphertext of so many. */
export function trailerLength(size: number): number {
  return size <= mostHeld ? 0 : frameCount(size) * hashLength;
}

/** The digest over leaves, as the chain has it. */
export function digestOver(hashes: Buffer): string {
  const tree = new TreeHash();
  for (let at = 0; at < hashes.length; at += hashLength) {
    tree.add(hashes.subarray(at, at + hashLength));
  }
  return digestText(tree);
}

/** Takes the digest of a ciphertext as it goes by, in whatever chunks. */
export class CiphertextHash {
  readonly #tree = new TreeHash();
  // Packed: each as an object of its own would take many times as much.
  #hashes = Buffer.alloc(16 * hashLength);
  #count = 0;
  #leaf: Hash | undefined;
  /** Bytes that the leaf may still have. */
  #due = headerLength + sealedFrame;
  /** Bytes that came so far. */
  size = 0;

  update(chunk: Buffer): void {
    this.size += chunk.length;
    for (let rest = chunk; rest.length > 0;) {
      const part = rest.subarray(0, this.#due);
      this.#leaf = (this.#leaf ?? createLeafHash()).update(part);
      this.#due -= part.length;
      if (this.#due === 0) this.#close(this.#leaf);
      rest = rest.subarray(part.length);
    }
  }

  /** The digest, and what follows the ciphertext; once, at the end. */
  end(): { digest: string; trailer: Buffer } {
    if (this.#leaf) this.#close(this.#leaf);
    const trailer = this.#hashes.subarray(0, trailerLength(this.size));
    return { digest: digestText(this.#tree), trailer };
  }

  #close(leaf: Hash): void {
    const hash = leaf.digest();
    this.#tree.add(hash);
    const at = this.#count++ * hashLength;
    if (at === this.#hashes.length) this.#hashes = Buffer.concat([this.#hashes], 2 * at);
    hash.copy(this.#hashes, at);
    this.#leaf = undefined;
    this.#due = sealedFrame;
  }
}

function digestText(tree: TreeHash): string {
  return `sha256:${tree.root().toString('hex')}`;
}
