/** A row of the bench: what is measured of ours and of a peer, in turns. */
import type { World } from './world.ts';

/** What ours must be of the peer's: at least or at most so many times as much. */
export interface Target {
  at: 'least' | 'most';
  times: number;
}

export interface Comparison {
  /** As it stands in the report, with what it is counted in: `puts at 64 callers`, `/s`. */
  what: string;
  unit: string;
  /** Left out where it is only told. */
  target?: Target;
}

export interface Row {
  /** As it is called on the command line. */
  name: string;
  /** What is measured against what, in a few words. */
  says: string;
  comparisons: readonly Comparison[];
  /** Prepares what both sides need. */
  open: (bench: Bench) => Promise<Stand>;
}

export interface Bench {
  /** The cluster; connected when it is first asked for. */
  world: () => Promise<World>;
  /** Milliseconds for which a load is kept up. */
  forMs: number;
  signal: AbortSignal;
}

/** Both sides of a row, ready to be measured: a turn gives a number for each comparison. */
export interface Stand {
  ours: () => Promise<number[]>;
  peer: () => Promise<number[]>;
  /** Removes what the turns left. */
  close: () => Promise<void>;
}

/** One turn of each side: plain JSON. */
export interface Round {
  row: string;
  measured: Measured[];
}

export interface Measured {
  what: string;
  ours: number;
  peer: number;
}
