/** What commands that take long share: how they are ended, how they say how far they are, and a kind of option. */
import { InvalidArgumentError } from 'commander';

/** Aborted when somebody ends the command. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => interrupted.abort(new Error(`ended by ${name}`)));
  return interrupted.signal;
}

/** Says lines on the standard error, each with the seconds since now. */
export function sayWithTime(): (line: string) => void {
  const began = performance.now();
  return (line) => {
    console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(8)} s  ${line}`);
  };
}

/** For the names in front of what they say: `puts    1 KiB puts…`. */
export function nameColumn(names: readonly string[]): (name: string) => string {
  const width = Math.max(...names.map(({ length }) => length));
  return (name) => name.padEnd(width);
}

/** @throws InvalidArgumentError, which commander tells, for what is no whole number */
export function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it must be a whole number.');
}
