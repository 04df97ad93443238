/** Servers as child processes with a log each, ended by their own handle. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface Server {
  readonly log: string;
  start(): Promise<void>;
  /** It falls silent, as with its machine: what it holds open stays open. */
  pause(): void;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  binary: string;
  args: string[];
  env: Record<string, string>;
  log: string;
  /** Answers 200 once the server is up. */
  healthz: string;
}

export function createServerProcess({ binary, args, env, log, healthz }: ServerOptions): Server {
  let child: ChildProcess | undefined;
  // A test that is cut off runs no teardown.
  const end = (): unknown => child?.kill('SIGKILL');
  return {
    log,
    start: async () => {
      const file = await open(log, 'a');
      child = spawn(binary, args, {
        env: { PATH: process.env.PATH, ...env },
        stdio: ['ignore', file.fd, file.fd],
      });
      process.once('exit', end);
      child.once('exit', () => process.off('exit', end));
      await file.close();
      await healthy(healthz, child, log);
    },
    pause: () => void child?.kill('SIGSTOP'),
    kill: async () => {
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function healthy(url: string, child: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    if (answer?.ok) return;
    await delay(50);
  }
  const tail = (await readFile(log, 'utf8')).split('\n').slice(-20).join('\n');
  throw new Error(`${url} did not come up:\n${tail}`);
}
