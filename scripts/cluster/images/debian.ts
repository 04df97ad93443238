import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from './store.ts';
import { cache } from '../settings.ts';
import { run } from '../../lib/shell.ts';

/** What every program of Debian takes for granted. */
const base = ['dash', 'coreutils'];

export interface Laid {
  packages: string[];
  /** More that goes into the image, by its path on this machine. */
  files: Record<string, string>;
  /** Files of the packages that do not go into it. */
  without?: string[];
}

/**
 * Lays out Debian packages with all that they depend on, as the root of an image. Nothing is installed on this
 * machine: apt is shown an empty list of installed packages, and what it fetches is only unpacked.
 * @param name of the folder in the cache
 */
export async function debianRoot(
  name: string,
  { packages, files, without = [] }: Laid,
  progress: (line: string) => void,
): Promise<Context> {
  const wanted = [...base, ...packages, ...Object.entries(files).flat(), ...without];
  const hash = createHash('sha256').update(wanted.join('\0')).digest('hex').slice(0, 16);
  const folder = join(cache, 'debian', `${name}-${hash}`);
  const root = join(folder, 'root');
  if (!existsSync(folder)) {
    progress(`fetching ${packages.join(', ')}`);
    const unfinished = `${folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await fill(unfinished, { packages: [...base, ...packages], files, without });
    await rename(unfinished, folder);
  }
  return { folder: root, key: await readFile(join(folder, 'key'), 'utf8') };
}

async function fill(folder: string, { packages, files, without }: Required<Laid>): Promise<void> {
  const [archives, root] = [join(folder, 'archives'), join(folder, 'root')];
  await mkdir(join(archives, 'partial'), { recursive: true });
  await mkdir(join(root, 'tmp'), { recursive: true, mode: 0o1777 });
  await writeFile(join(folder, 'status'), '');
  const places = [
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache::archives=${archives}`,
  ];
  const options = [...places, 'APT::Sandbox::User=root', 'Debug::NoLocking=true'];
  const asked = ['--yes', '--no-install-recommends', '--download-only', 'install', ...packages];
  const fetch = (): Promise<string> =>
    run('apt-get', [...options.map((one) => `--option=${one}`), ...asked], { timeout: 300_000 });
  // Lists may be missing, or older than what the archive still has.
  await fetch().catch(async () => {
    await run('apt-get', ['update'], { timeout: 300_000 });
    await fetch();
  });
  const fetched = (await readdir(archives)).filter((file) => file.endsWith('.deb')).sort();
  for (const file of fetched) await run('dpkg-deb', ['--extract', join(archives, file), root]);
  // A package's scripts would make this link, and nothing else that is needed here.
  await symlink('/run', join(root, 'var/run'));
  for (const part of ['doc', 'man', 'locale'])
    await rm(join(root, 'usr/share', part), { recursive: true, force: true });
  for (const path of without) await rm(join(root, path));
  for (const [from, to] of Object.entries(files)) await cp(from, join(root, to));
  await rm(archives, { recursive: true });
  // The names of packages hold their versions.
  const key = createHash('sha256')
    .update([...fetched, process.version, ...without].join('\0'))
    .digest('hex');
  await writeFile(join(folder, 'key'), key.slice(0, 16));
}
