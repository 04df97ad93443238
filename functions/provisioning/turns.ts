/**
 * One at a time for each key. What comes while it runs does not queue: it makes the running one
 * go round once more, so that it sees what the newcomer wanted it to see.
 */
export class Turns {
  readonly #running = new Map<string, { again: boolean }>();

  /** @returns false at once when a running one takes care of it; what `work` throws, otherwise */
  async run(key: string, work: () => Promise<void>): Promise<boolean> {
    const running = this.#running.get(key);
    if (running) {
      running.again = true;
      return false;
    }
    const mine = { again: true };
    this.#running.set(key, mine);
    try {
      while (takeAgain(mine)) await work();
    } finally {
      this.#running.delete(key);
    }
    return true;
  }
}

function takeAgain(state: { again: boolean }): boolean {
  const { again } = state;
  state.again = false;
  return again;
}
