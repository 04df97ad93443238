import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Does the work while this caller alone holds the lock, whose folder is made where it is missing. A process of
 * its own holds it (flock(1)), whose input closes when we end in whatever way: nobody can leave the lock behind.
 * @throws Error when flock(1) is missing or the signal ends the wait, and what the work throws
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(signal === undefined ? {} : { signal }),
  });
  const gone = once(holder, 'close').then(
    () => new Error('flock ended early'),
    (error: unknown) => error,
  );
  const held = once(holder.stdout, 'data').then(() => undefined);
  const cause = await Promise.race([held, gone]);
  if (cause !== undefined)
    throw new Error(`Cannot lock ${path}: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await gone;
  }
}
