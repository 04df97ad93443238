interface Waiting {
  rank: number;
  /** Whether there is anything to do; known soon. */
  needed: Promise<boolean>;
  /** Does the work, or finds that there is none, and tells whoever asked. */
  run: () => Promise<void>;
}

/**
 * One piece of work at a time. Of those that wait the one with the lowest rank is next, whoever asked
 * first; of the same rank, whoever did.
 */
export class Turns {
  readonly #waiting: Waiting[] = [];
  #busy = false;

  /**
   * Does the work in its turn.
   *
   * @param needed resolves with false where there is nothing to do: then no turn is taken
   * @throws what `needed` or the work rejects with
   */
  async take(rank: number, needed: Promise<boolean>, work: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const run = async (): Promise<void> => {
      try {
        if (await needed) await work();
        resolve(undefined);
      } catch (error) {
        reject(error);
      }
    };
    this.#waiting.push({ rank, needed, run });
    // Whoever asks in the same moment is in the queue before the first turn is given.
    setImmediate(() => void this.#next());
    // What needs no turn does not wait for others'.
    const idle = needed.then((yes) => (yes ? promise : undefined));
    return Promise.race([promise, idle]);
  }

  async #next(): Promise<void> {
    if (this.#busy) return;
    const [first] = this.#waiting.sort((a, b) => a.rank - b.rank);
    if (!first) return;
    this.#waiting.shift();
    this.#busy = true;
    await first.run();
    this.#busy = false;
    await this.#next();
  }
}
