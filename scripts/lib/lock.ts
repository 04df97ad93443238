import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LockOptions {
  /** What this caller does, for those who wait meanwhile: «npm start in /home/me/selvedge». */
  what: string;
  signal?: AbortSignal | undefined;
  /** Called once, with a sentence, when another holds the lock. */
  onWait?: (said: string) => void;
}

/** Who holds a lock, in a file beside it. */
interface Holder {
  pid: number;
  what: string;
  since: string;
}

/** Milliseconds after which a lock that is not had is another's. */
const patienceMs = 500;

/**
 * Does the work while this caller alone holds the lock, whose folder is made where it is missing. A process of
 * its own holds it (flock(1)), whose input closes when we end in whatever way: nobody can leave the lock behind.
 * @throws Error when flock(1) is missing or the signal ends the wait, and what the work throws
 */
export async function withLock<T>(
  path: string,
  { what, signal, onWait }: LockOptions,
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
  const waiting = setTimeout(() => void heldBy(path).then((said) => onWait?.(said)), patienceMs);
  const cause = await Promise.race([held, gone]);
  clearTimeout(waiting);
  if (cause !== undefined)
    throw new Error(`Cannot lock ${path}: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  const mine: Holder = { pid: process.pid, what, since: new Date().toISOString() };
  await writeFile(holderOf(path), JSON.stringify(mine));
  try {
    return await work();
  } finally {
    await rm(holderOf(path), { force: true });
    holder.stdin.end();
    await gone;
  }
}

const holderOf = (path: string): string => `${path}.holder`;

/** A sentence about who holds the lock, as far as that is known. */
async function heldBy(path: string): Promise<string> {
  try {
    const { pid, what, since } = JSON.parse(await readFile(holderOf(path), 'utf8')) as Holder;
    return `Waiting for ${what} (process ${pid}, since ${since}).`;
  } catch {
    return `Waiting for another process, which holds ${path}.`;
  }
}
