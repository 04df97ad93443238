/** Rounds of rows, both sides in turns, so that what else the machine does meets both. */
import type { Bench, Round, Row, Stand } from './row.ts';

export interface RunOptions {
  rounds: number;
  say: (line: string) => void;
  /** Told of each round as it ends. */
  onRound: (round: Round) => Promise<void> | void;
}

/** @throws what a turn throws, after everything is cleaned up */
export async function runRows(
  rows: readonly Row[],
  bench: Bench,
  { rounds, say, onRound }: RunOptions,
): Promise<void> {
  for (const row of rows) {
    say(`${row.name}: getting ready`);
    const stand = await row.open(bench);
    try {
      // Functions wake and scale, caches fill, connections are made: what is not measured.
      await oneRound(stand, 0);
      for (let number = 1; number <= rounds; number++) {
        bench.signal.throwIfAborted();
        say(`${row.name}: round ${number} of ${rounds}`);
        await onRound(roundOf(row, await oneRound(stand, number)));
      }
    } finally {
      say(`${row.name}: cleaning up`);
      await stand.close();
    }
  }
}

interface Turns {
  ours: number[];
  peer: number[];
}

/** Now the one begins, now the other. */
async function oneRound(stand: Stand, number: number): Promise<Turns> {
  if (number % 2 === 0) return { ours: await stand.ours(), peer: await stand.peer() };
  const peer = await stand.peer();
  return { ours: await stand.ours(), peer };
}

function roundOf({ name, comparisons }: Row, { ours, peer }: Turns): Round {
  const measured = comparisons.map(({ what }, index) => ({
    what,
    ours: ours[index] ?? NaN,
    peer: peer[index] ?? NaN,
  }));
  return { row: name, measured };
}
