/** The Merkle tree hash of RFC 9162, section 2.1.1, with SHA-256. */
import { createHash, type Hash } from 'node:crypto';

/** Bytes of a hash. */
export const hashLength = 32;

/** What is hashed first: so that no leaf can be taken for a node, nor a node for a leaf. */
const [leafMark, nodeMark] = [Buffer.of(0), Buffer.of(1)];

/** The hash of a leaf whose bytes may come in several parts: they are added by `update`. */
export const createLeafHash = (): Hash => createHash('sha256').update(leafMark);

/** The root of a tree whose leaves come one after another; held is one hash for each of its levels. */
export class TreeHash {
  /** Of whole subtrees, the largest first: one for each bit that is set in the number of leaves. */
  readonly #roots: Buffer[] = [];
  #count = 0;

  /** @param leaf the hash of the next leaf */
  add(leaf: Buffer): void {
    let root = leaf;
    // As in adding one to a binary number: each subtree of the same size is carried over.
    for (let carry = this.#count; carry % 2 === 1; carry = (carry - 1) / 2) {
      root = nodeHash(this.#roots.pop() as Buffer, root);
    }
    this.#roots.push(root);
    this.#count++;
  }

  /** The root over the leaves that came so far; of none it is the hash of nothing. */
  root(): Buffer {
    if (this.#roots.length === 0) return createHash('sha256').digest();
    return this.#roots.reduceRight((right, left) => nodeHash(left, right));
  }
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(nodeMark).update(left).update(right).digest();
}
