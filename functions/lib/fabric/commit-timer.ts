/**
 * How long a commit is waited for before its transaction is sent again, by how long commits take: TCP's timer of
 * retransmission (RFC 6298, section 2). A channel that is merely slow has enough to do without a second copy of
 * each transaction, which its peers validate like the first.
 */
export class CommitTimer {
  readonly #bounds: { least: number; most: number };
  #smoothed: number | undefined;
  #variation = 0;

  /** @param bounds milliseconds of patience: at first, and at least; and at most */
  constructor(bounds: { least: number; most: number }) {
    this.#bounds = bounds;
  }

  /** Milliseconds to wait for a commit now. */
  get patience(): number {
    const { least, most } = this.#bounds;
    const wanted = (this.#smoothed ?? 0) + 4 * this.#variation;
    return Math.min(Math.max(wanted, least), most);
  }

  /**
   * Hears how long a commit took, from when it was first sent. Of one that was sent again nobody knows which copy
   * was taken, and TCP does not count it (section 3) but keeps the longer patience. Here it counts from the first:
   * too long at worst, which `most` bounds.
   */
  took(milliseconds: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = milliseconds;
      this.#variation = milliseconds / 2;
      return;
    }
    const off = Math.abs(this.#smoothed - milliseconds);
    this.#variation = (3 * this.#variation + off) / 4;
    this.#smoothed = (7 * this.#smoothed + milliseconds) / 8;
  }
}
