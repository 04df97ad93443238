import { spawn } from 'node:child_process';

export interface RunOptions {
  input?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** Milliseconds after which the command is ended and counts as failed. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

/** A command that ended with another status than 0; the message ends with what it said last. */
export class CommandError extends Error {
  readonly output: string;
  constructor(command: string, reason: string, output: string) {
    const said = output.trim().split('\n').slice(-8).join('\n  ');
    super(`${command} ${reason}${said === '' ? '' : `\n  ${said}`}`);
    this.name = 'CommandError';
    this.output = output;
  }
}

/**
 * Runs a command to its end, without a shell.
 * @returns what it printed on its standard output
 * @throws CommandError when it cannot be started, fails, or takes longer than `timeout` (2 minutes unless told)
 */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { input, cwd, env, timeout = 120_000 } = options;
  const deadline = AbortSignal.timeout(timeout);
  const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline;
  const name = [program, ...args.slice(0, 3)].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      signal,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined); // a command may end without reading its input
    child.stdin.end(input ?? '');
    const fail = (reason: string): void =>
      reject(new CommandError(name, reason, Buffer.concat([...out, ...err]).toString()));
    child.on('error', (error) =>
      fail(deadline.aborted ? `took more than ${timeout / 1000} s` : error.message),
    );
    child.on('close', (status, by) => {
      if (status === 0) resolve(Buffer.concat(out).toString());
      else fail(`ended with ${status ?? by ?? 'no status'}`);
    });
  });
}

/** As {@link run}; undefined instead of an error. For clean-up, and for questions whose answer may be no. */
export async function attempt(program: string, args: string[]): Promise<string | undefined> {
  return run(program, args).catch(() => undefined);
}
