/** What one user may take of the gateway, so that others are served. */
import type { RequestHandler } from 'express';
import { TooManyRequests } from '../lib/errors.ts';
import { callerOf } from './context.ts';

export interface Budgets {
  /** Requests a second that a user may begin; twice as many at once after a pause. */
  requestsPerSecond: number;
  /** Bytes a second, in and out, that a user may move; what was too much is waited for. */
  bytesPerSecond: number;
  /** Requests under way at once, of all users together. Each has an equal share of them, the only one all. */
  inFlight: number;
}

/** Above what a gateway does on the machines it was measured on, and below what would fill it. */
export const defaultBudgets: Budgets = {
  requestsPerSecond: 500,
  bytesPerSecond: 256 * 1024 ** 2,
  inFlight: 512,
};

export interface Fairness {
  /**
   * Lets one request of a user begin; `end` says that it is over, and how many bytes it moved.
   *
   * @throws TooManyRequests when the user has more than its share, with the time after which it has not
   */
  admit(user: string): { end: (bytes: number) => void };
}

/** Seconds of a budget that are saved up at most. */
const mostSaved = 2;

/** How many users are remembered; those who owe nothing and do nothing are forgotten first. */
const mostUsers = 10_000;

interface User {
  inFlight: number;
  requests: Bucket;
  bytes: Bucket;
}

/** @param now milliseconds */
export function createFairness(budgets: Budgets, now: () => number = Date.now): Fairness {
  const users = new Map<string, User>();
  /** How many have a request under way: counted, for every request asks. */
  let active = 0;
  const known = (name: string): User => {
    const found = users.get(name) ?? {
      inFlight: 0,
      requests: new Bucket(budgets.requestsPerSecond, now),
      bytes: new Bucket(budgets.bytesPerSecond, now),
    };
    users.set(name, found);
    return found;
  };

  return {
    admit(name) {
      if (users.size >= mostUsers) forget(users);
      const user = known(name);
      const others = user.inFlight > 0 ? active - 1 : active;
      const share = Math.max(1, Math.floor(budgets.inFlight / (others + 1)));
      if (user.inFlight >= share) throw new TooManyRequests('too many requests are under way', 1);
      const wait = Math.max(user.requests.secondsUntil(1), user.bytes.secondsUntil(0));
      if (wait > 0) throw new TooManyRequests('the budget of the user is used up', Math.ceil(wait));
      user.requests.take(1);
      if (user.inFlight++ === 0) active++;
      return {
        end: (bytes) => {
          if (--user.inFlight === 0) active--;
          user.bytes.take(bytes);
        },
      };
    },
  };
}

function forget(users: Map<string, User>): void {
  for (const [name, { inFlight, requests, bytes }] of users) {
    if (inFlight === 0 && requests.isFull && bytes.isFull) users.delete(name);
  }
}

/** A token bucket: it fills at a rate up to a bound, and may be in debt. */
class Bucket {
  readonly #rate: number;
  readonly #now: () => number;
  #level: number;
  #at: number;

  constructor(rate: number, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#level = rate * mostSaved;
    this.#at = now();
  }

  get isFull(): boolean {
    this.#fill();
    return this.#level >= this.#rate * mostSaved;
  }

  take(amount: number): void {
    this.#fill();
    this.#level -= amount;
  }

  /** Seconds until there is so much in it; 0 when there is. */
  secondsUntil(amount: number): number {
    this.#fill();
    return Math.max(0, (amount - this.#level) / this.#rate);
  }

  #fill(): void {
    const now = this.#now();
    const gained = ((now - this.#at) / 1000) * this.#rate;
    this.#level = Math.min(this.#level + gained, this.#rate * mostSaved);
    this.#at = now;
  }
}

/** Lets through who has budget left. Bytes are those of the connection while the request was answered. */
export function fair(fairness: Fairness): RequestHandler {
  return (request, response, next) => {
    const { socket } = request;
    const moved = (): number => socket.bytesRead + socket.bytesWritten;
    const before = moved();
    const { end } = fairness.admit(callerOf(response).id);
    response.once('close', () => end(moved() - before));
    next();
  };
}
