/** Passes that go on for longer than any may. */
import { boundMs, graceMs } from './pass.ts';

/** Milliseconds: the longest pass, with what comes before and after it, and as long again for a machine that is slow. */
const mostMs = 2 * (boundMs + graceMs) + 60_000;

/**
 * What is under way. A pass ends by its own deadlines; one that does not waits for something that has none, and
 * its network is told «it is taken care of» for ever: then another process helps, and nothing else.
 */
export class UnderWay {
  readonly #begun = new Set<{ at: number }>();
  readonly #now: () => number;

  /** @param now milliseconds that never go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const mine = { at: this.#now() };
    this.#begun.add(mine);
    try {
      return await work();
    } finally {
      this.#begun.delete(mine);
    }
  }

  /** @throws Error when one is overdue */
  requireNoneOverdue(): void {
    // The first is the oldest.
    const [oldest] = this.#begun;
    const ms = oldest ? this.#now() - oldest.at : 0;
    if (ms > mostMs) throw new Error(`a pass has not ended for ${Math.round(ms / 1000)} s`);
  }
}
