import { mkdir, readdir, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import {
  componentNames,
  components,
  type Command,
  type Component,
  type ComponentName,
} from './index.ts';
import { Turns } from './turns.ts';
import { cacheFolder } from '../../lib/cache.ts';
import { withLock } from '../../lib/lock.ts';
import { BuildLog, run } from './build-process.ts';
import { contentHash } from './content-hash.ts';

export {
  componentNames,
  components,
  knativeBinary,
  type Binary,
  type Component,
  type ComponentName,
} from './index.ts';

/** How many builds of one component stay in the cache: the current one, and one to go back to. */
const mostKept = 2;

export interface BuildOptions {
  /** Told what the build is doing, in a few words, such as "compiled 123 packages". */
  onProgress?: (line: string) => void;
  /** Ends the build, which then rejects. */
  signal?: AbortSignal;
  /** Where results are kept; `selvedge/build` in the user's cache folder unless told. */
  cache?: string;
  /** Of those that wait, the build with the lowest number comes next. */
  rank?: number;
}

/** The folder that keeps what was built, outside of the checkout. */
export const buildCache = (): string => join(cacheFolder(), 'build');

/**
 * Builds a component, or finds it built. Builds take turns, within this process in the order of `components` and
 * between processes by a lock, because each uses every core; so call it for everything that is wanted at once:
 * modules of the later ones are fetched meanwhile.
 * @returns the folder with the component's `binaries`, complete: it appears under its name only when it is
 * @throws Error naming the component, the last lines of the build and the log file
 */
export async function buildComponent(
  name: ComponentName,
  options: BuildOptions = {},
): Promise<string> {
  return build(name, components[name], { rank: componentNames.indexOf(name), ...options });
}

/** As {@link buildComponent}, for any descriptor. */
export async function build(
  name: string,
  component: Component,
  options: BuildOptions = {},
): Promise<string> {
  const cache = options.cache ?? buildCache();
  const log = new BuildLog(name, join(cache, `${name}.log`), options);
  const folder = folderFor(name, component, cache, options);
  const missing = folder.then(async (path) => !(await touch(path)));
  const fetched = missing.then((yes) =>
    yes ? runAll(component.fetch, component, log) : undefined,
  );
  fetched.catch(() => undefined); // awaited in turn, below
  await turns.take(options.rank ?? Infinity, missing, async () => {
    log.say('waiting for another build');
    await withLock(join(cache, 'lock'), { what: `the build of ${name}`, ...options }, async () => {
      if (await touch(await folder)) return;
      log.say('fetching modules');
      await fetched;
      await fill(await folder, component, log);
      await prune(cache, name);
    });
  });
  return folder;
}

const turns = new Turns();

/** Where the component's build is, or will be. */
async function folderFor(
  name: string,
  component: Component,
  cache: string,
  options: BuildOptions,
): Promise<string> {
  await mkdir(cache, { recursive: true });
  return join(cache, `${name}-${await contentHash(component, options)}`);
}

/** Whether {@link buildComponent} would find the component built. */
export async function isBuilt(name: ComponentName, options: BuildOptions = {}): Promise<boolean> {
  const key = await contentHash(components[name], options);
  return exists(join(options.cache ?? buildCache(), `${name}-${key}`));
}

/** Builds beside the final folder and renames at the end: a build cut off leaves nothing that looks finished. */
async function fill(folder: string, component: Component, log: BuildLog): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await runAll(component.build(unfinished), component, log);
  for (const [link, target] of Object.entries(component.links))
    await symlink(target, join(unfinished, link));
  for (const binary of component.binaries) {
    if (!(await exists(join(unfinished, binary)))) throw log.error(`${binary} was not built`);
  }
  await rename(unfinished, folder);
}

async function runAll(commands: Command[], component: Component, log: BuildLog): Promise<void> {
  for (const command of commands) await run(command, component.source, log);
}

/** Whether the folder is there; if so it counts as just used. */
async function touch(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Removes the component's builds but the last used ones, and what builds that were cut off left. */
async function prune(cache: string, name: string): Promise<void> {
  const own = new RegExp(`^${name}-[0-9a-f]{16}(\\.unfinished)?$`);
  const folders = (await readdir(cache))
    .filter((entry) => own.test(entry))
    .map((entry) => join(cache, entry));
  const finished = folders.filter((folder) => !folder.endsWith('.unfinished'));
  const used = new Map(
    await Promise.all(
      finished.map(async (folder) => [folder, (await stat(folder)).mtimeMs] as const),
    ),
  );
  const kept = finished.sort((a, b) => (used.get(b) ?? 0) - (used.get(a) ?? 0)).slice(0, mostKept);
  for (const folder of folders) {
    if (!kept.includes(folder)) await rm(folder, { recursive: true, force: true });
  }
}
