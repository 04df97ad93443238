import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../../functions/lib/until.ts';

/** Where glusterd keeps what it knows. */
const state = '/var/lib/glusterd';

/** That of release 10: what all servers of the pool understand. */
const operatingVersion = 100_000;

/**
 * The identity of a server, an UUID out of its host name: one that has lost its disk comes back as the very peer
 * that the others know, which is the only one they let have its brick.
 */
export function identityOf(host: string): string {
  const hash = createHash('sha256').update(`selvedge glusterfs ${host}`).digest('hex');
  const variant = ((Number.parseInt(hash.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** Gluster's daemon of this server. */
export class Glusterd {
  #process: ChildProcess | undefined;
  #failed: Promise<never> | undefined;

  /** Starts it, as who this server is. @param brick the folder, which must be there for glusterd to know it again */
  async start(host: string, brick: string): Promise<void> {
    await mkdir(brick, { recursive: true });
    const identity = `UUID=${identityOf(host)}\noperating-version=${operatingVersion}\n`;
    // What is there is kept: the version in it rises with the pool's.
    const file = join(state, 'glusterd.info');
    await writeFile(file, identity, { flag: 'wx', mode: 0o600 }).catch(unlessThere);
    await this.#run();
  }

  /** Ends it and starts it again; bricks and what is mounted go on. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#run();
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGTERM');
    const killed = setTimeout(() => running.kill('SIGKILL'), 5000);
    await gone.finally(() => clearTimeout(killed));
  }

  /** Settles, as an error, when it ends without having been told to. */
  get failed(): Promise<never> {
    return this.#failed ?? new Promise<never>(() => undefined);
  }

  async #run(): Promise<void> {
    const args = ['--no-daemon', '--log-level=WARNING', '--log-file=-'];
    const child = spawn('glusterd', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    await once(child, 'spawn');
    this.#process = child;
    this.#failed = once(child, 'exit').then(([code]) => {
      if (this.#process !== child) return new Promise<never>(() => undefined);
      throw new Error(`glusterd ended with ${String(code)}`);
    });
    this.#failed.catch(() => undefined);
  }
}

function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

/** Waits until it answers. */
export async function answering(look: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  await until({ what: 'glusterd to answer', timeoutMs: 60_000, mostMs: 500, signal }, async () => {
    await look();
    return true;
  });
}
