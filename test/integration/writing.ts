/** Somebody who writes without pause while something happens. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Writing {
  /** Ends it, and gives the names of all that was acknowledged. */
  stop: () => Promise<string[]>;
}

/**
 * Writes one after the other, each under a name of its own.
 *
 * @param write tells whether it was acknowledged; what it throws was not
 * @param pauseMs milliseconds between two of them
 */
export function writing(write: (name: string) => Promise<boolean>, pauseMs: number): Writing {
  const acknowledged: string[] = [];
  let [on, n] = [true, 0];
  const run = async (): Promise<void> => {
    while (on) {
      const name = `${Date.now()}-${n++}`;
      if (await write(name).catch(() => false)) acknowledged.push(name);
      await delay(pauseMs);
    }
  };
  const running = run();
  return {
    stop: async () => {
      on = false;
      await running;
      return acknowledged;
    },
  };
}
