import { Unavailable } from '../lib/errors.ts';

/** So many at once; the others wait in the order they came, and only so many of them. */
export class Slots {
  readonly #queue: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /**
   * @param most how many work at once
   * @param queue how many may wait
   */
  constructor(most: number, queue: number) {
    this.#free = most;
    this.#queue = queue;
  }

  /**
   * @param waits called at once when `work` has to wait
   * @throws Unavailable when too many wait already; what `work` throws
   */
  async use<T>(work: () => Promise<T>, waits: () => void = () => undefined): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(waits);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #turn(waits: () => void): Promise<void> {
    if (this.#waiting.length >= this.#queue) {
      throw new Unavailable(`${this.#queue} others wait already`);
    }
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    waits();
    return turn;
  }

  /** The place goes to who has waited longest: nobody who comes now can overtake. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
