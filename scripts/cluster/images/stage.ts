import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  mkdir,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import type { Context } from './store.ts';
import { cache } from '../settings.ts';
import { run } from '../../lib/shell.ts';

/**
 * Lays out programs of this machine with all libraries they are linked to, as the root of an image.
 * @param name of the folder in the cache
 * @param programs where each goes in the image, by its path on this machine
 */
export async function stage(name: string, programs: Record<string, string>): Promise<Context> {
  const targets = new Map<string, string>();
  for (const [program, target] of Object.entries(programs)) {
    targets.set(program, target);
    for (const library of parseLibraries(await run('ldd', [program])))
      targets.set(library, library);
  }
  const key = await contentKey(targets);
  const folder = join(cache, 'stage', `${name}-${key}`);
  if (!(await stat(folder).catch(() => undefined))) await fill(folder, targets);
  return { folder, key };
}

/** The libraries and the loader in what ldd(1) prints. */
export function parseLibraries(printed: string): string[] {
  return printed.split('\n').flatMap((line) => {
    const [, path] = /(?:=> |^\s*)(\/\S+) \(0x/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
}

/** A hash of all files below a folder and their paths. */
export async function folderKey(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return contentKey(new Map(files.sort().map((file) => [file, relative(folder, file)])));
}

async function contentKey(targets: Map<string, string>): Promise<string> {
  const hash = createHash('sha256');
  for (const [source, target] of targets) hash.update(`${target}\0`).update(await readFile(source));
  return hash.digest('hex').slice(0, 16);
}

async function fill(folder: string, targets: Map<string, string>): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  for (const [source, target] of targets) {
    const path = join(unfinished, target);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(await realpath(source), path);
    await chmod(path, 0o755);
  }
  await mkdir(join(unfinished, 'tmp'), { mode: 0o777 });
  await chmod(join(unfinished, 'tmp'), 0o1777);
  await rename(unfinished, folder);
}
