/** Schemathesis, which makes requests out of an OpenAPI document and judges the answers. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cacheFolder } from '../../../scripts/lib/cache.ts';
import { withLock } from '../../../scripts/lib/lock.ts';
import { run } from '../../../scripts/lib/shell.ts';

/** What is installed: exact versions, and the hashes of their wheels for Linux on x86-64. */
const requirements = join(import.meta.dirname, 'requirements.txt');
const config = join(import.meta.dirname, 'schemathesis.toml');

/** The cases that are made up for each operation and each kind of data: with them a run takes about a minute. */
const mostExamples = 15;

/** Milliseconds for a run, on a machine that is busy with other work. */
const mostMs = 270_000;

/**
 * Finds Schemathesis in the cache, or has pip install it there.
 *
 * @returns a folder of Python packages
 * @throws Error when there is no Python with pip, or pip cannot install it
 */
async function install(): Promise<string> {
  const version = await run('python3', ['-m', 'pip', '--version']).catch((cause: unknown) => {
    throw new Error('Schemathesis needs Python 3.11 or later with pip (Debian: python3-pip)', {
      cause,
    });
  });
  const source = `${version}${await readFile(requirements, 'utf8')}`;
  const name = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const cache = join(cacheFolder(), 'python');
  const folder = join(cache, name);
  await withLock(join(cache, 'lock'), { what: 'the installation of Schemathesis' }, async () => {
    if (existsSync(folder)) return;
    // Under its name it is complete.
    const unfinished = `${folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--require-hashes'];
    await run('python3', [...pip, '--target', unfinished, '--requirement', requirements], {
      timeout: 280_000,
    });
    await rename(unfinished, folder);
  });
  return folder;
}

export interface Verdict {
  /** Whether it found nothing. */
  clean: boolean;
  /** What it said, with a request for each finding. */
  said: string;
}

/** Has every operation of the service at `url` asked, with the same requests for the same seed. */
export async function fuzz(url: string, token: string, seed: number): Promise<Verdict> {
  const packages = await install();
  // It keeps what it found beside where it runs; each run is to know nothing of others.
  const cwd = await mkdtemp(join(tmpdir(), 'selvedge-fuzz-'));
  const args = [
    ...['-m', 'schemathesis.cli', '--config-file', config, 'run', `${url}/openapi.json`],
    ...['--header', `Authorization: Bearer ${token}`, '--checks', 'all', '--seed', `${seed}`],
    ...['--max-examples', `${mostExamples}`, '--generation-database', 'none', '--no-color'],
  ];
  const env = {
    ...process.env,
    PYTHONPATH: `${packages}:${import.meta.dirname}`,
    SCHEMATHESIS_HOOKS: 'ndjson',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const child = spawn('python3', args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // It is not to outlive the test that asks for it.
    timeout: mostMs,
  });
  const closed = once(child, 'close');
  const [said, faults] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await closed;
  await rm(cwd, { recursive: true });
  // A fault of its own may leave an operation unasked.
  return { clean: child.exitCode === 0 && faults === '', said: `${said}\n${faults}` };
}
