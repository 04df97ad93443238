import type { Slots } from './slots.ts';

interface Turn {
  again: boolean;
  urgent: AbortController;
}

export interface Wish {
  /** Whether a running one should not wait for anything, and go round. */
  urgent?: boolean;
  /** Called when all slots are taken, so that it has to wait. */
  waits?: () => void;
}

/**
 * One at a time for each key, as many keys at once as there are slots. What comes while a key's
 * turn runs does not queue: it makes the running one go round once more, so that it sees what the
 * newcomer wanted it to see. Each round takes a slot anew: a key that never rests holds up no other.
 *
 * Unlike in `coalesced` (lib), a newcomer does not wait for the next round and learns nothing of its
 * failure: a pass may take a minute, and the request that began it tells how it ended.
 */
export class Turns {
  readonly #slots: Slots;
  readonly #running = new Map<string, Turn>();

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  /**
   * @param work gets a signal that is aborted when something urgent came: it should not wait
   * @returns false at once when a running one takes care of it
   * @throws what the last round of `work` throws; Unavailable when too many wait for a slot
   */
  async run(
    key: string,
    work: (urgent: AbortSignal) => Promise<void>,
    { urgent = false, waits }: Wish = {},
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
      await this.#rounds(turn, work, waits);
    } finally {
      this.#running.delete(key);
    }
    return true;
  }

  /** A failure ends nothing while a newcomer was told that it is taken care of. */
  async #rounds(
    turn: Turn,
    work: (urgent: AbortSignal) => Promise<void>,
    waits: Wish['waits'],
  ): Promise<void> {
    let failure: { error: unknown } | undefined;
    while (turn.again) failure = await this.#slots.use(() => round(turn, work), waits);
    if (failure) throw failure.error;
  }
}

/** Who came before it began, urgent or not, is seen by this round. */
function round(turn: Turn, work: (urgent: AbortSignal) => Promise<void>) {
  turn.again = false;
  turn.urgent = new AbortController();
  return work(turn.urgent.signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}
