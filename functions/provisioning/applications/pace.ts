import { TooManyRequests } from '../../lib/errors.ts';

/** The span in which requests are counted, in milliseconds. */
const span = 60_000;

/** So many requests of each user in a minute. Only who asked within it is remembered. */
export class Pace {
  readonly #most: number;
  readonly #now: () => number;
  #counts = new Map<string, number>();
  #end = 0;

  constructor(most: number, now: () => number = Date.now) {
    this.#most = most;
    this.#now = now;
  }

  /** @throws TooManyRequests when the user has had as many, with the time until they are counted anew */
  take(user: string): void {
    const left = this.#end - this.#now();
    if (left <= 0) this.#begin();
    const count = (this.#counts.get(user) ?? 0) + 1;
    if (count > this.#most) {
      throw new TooManyRequests(`${this.#most} in a minute are issued`, Math.ceil(left / 1000));
    }
    this.#counts.set(user, count);
  }

  #begin(): void {
    this.#counts = new Map();
    this.#end = this.#now() + span;
  }
}
