import { readFile } from 'node:fs/promises';

import { attempt, run } from '../../lib/shell.ts';

/** Shows a folder at another path too, as a mount whose own mounts containers and host share (`Bidirectional`). */
export async function share(folder: string, path: string): Promise<void> {
  if (mountsBelow([path], await readFile('/proc/self/mountinfo', 'utf8')).includes(path)) return;
  await run('mount', ['--bind', folder, path]);
  await run('mount', ['--make-rshared', path]);
}

/**
 * The mount points at or below any of the folders, the newest first, as they can be undone.
 * @param mountInfo the text of /proc/self/mountinfo, proc(5)
 */
export function mountsBelow(folders: string[], mountInfo: string): string[] {
  const below = (point: string): boolean =>
    folders.some((folder) => point === folder || point.startsWith(`${folder}/`));
  return mountInfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) =>
      path.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(String(octal), 8))),
    )
    .filter(below)
    .reverse();
}

/**
 * Unmounts everything at or below the folders.
 * @throws Error naming what could not be unmounted
 */
export async function unmountBelow(folders: string[]): Promise<void> {
  // A mount below a shared one is there twice, and what was mounted over another shows only afterwards.
  for (let round = 0; round < 4; round++) {
    const points = mountsBelow(folders, await readFile('/proc/self/mountinfo', 'utf8'));
    if (points.length === 0) return;
    for (const point of new Set(points))
      if ((await attempt('umount', [point])) === undefined)
        await attempt('umount', ['--lazy', point]);
  }
  const left = mountsBelow(folders, await readFile('/proc/self/mountinfo', 'utf8'));
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(', ')}`);
}
