/**
 * What a folder was made from, kept beside it, so that it need not be made again. Of a bundle that is known
 * only once it is made: the bundler follows imports.
 */
import { createHash } from 'node:crypto';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Origin {
  /** The files, relative to the root, in order. */
  files: string[];
  /** The hash of their paths and contents. */
  hash: string;
}

const originOf = (folder: string): string => `${folder}.origin.json`;

/** Whether the folder was made, to its end, from files that are as they were. */
export async function isFresh(folder: string, root: string): Promise<boolean> {
  try {
    const { files, hash } = JSON.parse(await readFile(originOf(folder), 'utf8')) as Origin;
    await access(folder);
    return (await hashOf(root, files)) === hash;
  } catch {
    // Nothing is known of it, or it or a file is gone.
    return false;
  }
}

/** To be called before the folder is changed: a run that is cut off leaves nothing that looks made. */
export async function forgetOrigin(folder: string): Promise<void> {
  await rm(originOf(folder), { force: true });
}

/** To be called when the folder is made. */
export async function keepOrigin(folder: string, root: string, made: string[]): Promise<void> {
  const files = [...new Set(made)].sort();
  const origin: Origin = { files, hash: await hashOf(root, files) };
  await writeFile(originOf(folder), JSON.stringify(origin));
}

async function hashOf(root: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(root, file)));
  return hash.digest('hex');
}
