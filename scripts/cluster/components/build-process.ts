import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import type { Command } from './index.ts';

/** How many of a build's last lines an error repeats. */
const tailLines = 12;

/** What `go build` prints about a package it compiled: its import path, alone on a line. */
const compiled = /^[\w.~-]+(\/[\w.~-]+)*$/;

/** Takes the lines of a build: keeps the last ones, writes all to a file, and tells the listener how far it is. */
export class BuildLog {
  readonly signal: AbortSignal | undefined;
  readonly #name: string;
  readonly #path: string | undefined;
  readonly #onProgress: (line: string) => void;
  readonly #tail: string[] = [];
  #begun = false;
  #packages = 0;

  constructor(
    name: string,
    path: string | undefined,
    options: { onProgress?: (line: string) => void; signal?: AbortSignal },
  ) {
    this.#name = name;
    this.#path = path;
    this.#onProgress = options.onProgress ?? (() => undefined);
    this.signal = options.signal;
  }

  /** Tells the listener, and only it. */
  say(line: string): void {
    this.#onProgress(line);
  }

  line(line: string): void {
    // Synchronously, so that the file is whole when an error points to it.
    if (this.#path !== undefined)
      writeFileSync(this.#path, `${line}\n`, { flag: this.#begun ? 'a' : 'w' });
    this.#begun = true;
    this.#tail.push(line);
    if (this.#tail.length > tailLines) this.#tail.shift();
    if (line.startsWith('go: downloading')) this.say(line.slice('go: '.length));
    else if (compiled.test(line)) this.say(`compiled ${++this.#packages} packages`);
  }

  /** An error that says which component failed, why, what it printed last and where the rest is. */
  error(reason: string, cause?: unknown): Error {
    const printed = this.#tail.map((line) => `\n  ${line}`).join('');
    const rest = this.#path === undefined ? '' : `\nThe whole log: ${this.#path}`;
    return new Error(`Building ${this.#name} failed: ${reason}${printed}${rest}`, { cause });
  }
}

/**
 * Runs a command to its end.
 * @returns what it printed on its standard output; its standard error goes to the log
 * @throws Error of the log, when it cannot be started, ends with another status than 0 or is ended by the signal
 */
export async function run(command: Command, folder: string, log: BuildLog): Promise<string> {
  const child = spawn(command.program, command.args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Static binaries, which run in empty images. A lazier garbage collector saves a tenth of the compiler's time.
    env: { GOGC: '400', ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    ...(log.signal === undefined ? {} : { signal: log.signal }),
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  createInterface({ input: child.stderr }).on('line', (line) => log.line(line));
  const problem = await ended(child);
  if (problem !== undefined)
    throw log.error(`${command.program} ${command.args[0] ?? ''} ${problem.message}`, problem);
  return Buffer.concat(output).toString();
}

/** Why the process failed; undefined if it did not. */
async function ended(child: ChildProcess): Promise<Error | undefined> {
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return status === 0 ? undefined : new Error(`ended with ${status ?? signal ?? 'no status'}`);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
