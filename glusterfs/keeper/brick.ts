/** This server's brick, as clients find it, and its process. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { until } from '../../functions/lib/until.ts';
import { attempt, run } from '../../scripts/lib/shell.ts';
import { toBricks } from './shut.ts';

/** Whether the folder carries the mark that makes it a volume's brick. */
export async function isMarked(folder: string): Promise<boolean> {
  const name = '--name=trusted.glusterfs.volume-id';
  return (await attempt('getfattr', ['--only-values', name, folder])) !== undefined;
}

/** Whether something takes connections at a port of this server. What is too slow to say so counts as there. */
export async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}

/** Whether a client has a link to the brick. */
export async function isUsed(): Promise<boolean> {
  const links = ['--no-header', '--tcp', '--numeric', 'state', 'established', toBricks];
  return (await run('ss', links, { timeout: 5_000 })).trim() !== '';
}

/** How many files lack something on other bricks, as far as this one knows. */
export async function owes(brick: string): Promise<number> {
  const names = await readdir(join(brick, '.glusterfs/indices/xattrop'));
  // All are links to one file, which has a name of its own.
  return names.filter((name) => !name.startsWith('xattrop-')).length;
}

/** Ends the brick's process. @returns when it is gone */
export async function end(pid: number): Promise<void> {
  const isGone = (): Promise<boolean> => Promise.resolve(!existsSync(`/proc/${pid}`));
  const gone = { what: 'the brick to end', timeoutMs: 10_000, mostMs: 200 };
  process.kill(pid, 'SIGTERM');
  await until(gone, isGone).catch(() => {
    process.kill(pid, 'SIGKILL');
    return until(gone, isGone);
  });
}
