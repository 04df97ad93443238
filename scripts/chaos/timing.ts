/** How long nothing succeeded. Pure. */
import { succeeded, type Kind, type Operation } from './history.ts';

/** A time in which no operation of a kind succeeded, in milliseconds of the history's clock. */
export interface Gap {
  from: number;
  to: number;
}

/** Milliseconds, as people read them. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const lengthOf = ({ from, to }: Gap): number => to - from;

/** The times of a window between one success and the next, with those at its two ends. */
export function gaps(history: readonly Operation[], kind: Kind, window: Gap): Gap[] {
  const ends = history
    .filter((one) => one.kind === kind && succeeded(one))
    .map(({ ended }) => ended)
    .filter((at) => at > window.from && at < window.to)
    .sort((a, b) => a - b);
  return [...ends, window.to].map((to, index) => ({ from: ends[index - 1] ?? window.from, to }));
}

/** Milliseconds of the longest; 0 where there is none. */
export function longest(of: readonly Gap[]): number {
  return Math.max(0, ...of.map(lengthOf));
}
