interface Turn {
  again: boolean;
  urgent: AbortController;
}

/**
 * One at a time for each key. What comes while it runs does not queue: it makes the running one
 * go round once more, so that it sees what the newcomer wanted it to see.
 */
export class Turns {
  readonly #running = new Map<string, Turn>();

  /**
   * @param work gets a signal that is aborted when something urgent came: it should not wait
   * @param urgent whether a running one should not wait for anything, and go round
   * @returns false at once when a running one takes care of it
   * @throws what the last round of `work` throws
   */
  async run(
    key: string,
    work: (urgent: AbortSignal) => Promise<void>,
    urgent = false,
  ): Promise<boolean> {
    const running = this.#running.get(key);
    if (running) {
      running.again = true;
      if (urgent) running.urgent.abort();
      return false;
    }
    const turn: Turn = { again: true, urgent: new AbortController() };
    this.#running.set(key, turn);
    try {
      await rounds(turn, work);
    } finally {
      this.#running.delete(key);
    }
    return true;
  }
}

/** A failure ends nothing while a newcomer was told that it is taken care of. */
async function rounds(turn: Turn, work: (urgent: AbortSignal) => Promise<void>): Promise<void> {
  let failure: { error: unknown } | undefined;
  while (goesRound(turn)) {
    failure = await work(turn.urgent.signal).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
  }
  if (failure) throw failure.error;
}

function goesRound(turn: Turn): boolean {
  const { again } = turn;
  turn.again = false;
  turn.urgent = new AbortController();
  return again;
}
