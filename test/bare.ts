/** A machine on which nobody has ever worked, as far as one that is worked on can give it. */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The variables by which programs are told whom to trust. */
const certificates = [
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE'],
  ...['REQUESTS_CA_BUNDLE', 'PIP_CERT', 'GIT_SSL_CAINFO'],
];

/** The files in a home by which npm, Go and pip know where packages come from. */
const settings = ['.npmrc', '.config/go/env', '.config/pip/pip.conf', '.pip/pip.conf'];

type Environment = Record<string, string | undefined>;

/** Nothing but the path, whom to trust, and the home and cache given. */
export function bareEnvironment(
  env: Environment,
  { home, caches }: { home: string; caches: string },
): Record<string, string> {
  const kept = ['PATH', ...certificates].flatMap((name): [string, string][] =>
    env[name] === undefined ? [] : [[name, env[name]]],
  );
  // Our own Node comes with the checkout.
  const path = (env['PATH'] ?? '').split(':').filter((part) => !part.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: path.join(':'), HOME: home, XDG_CACHE_HOME: caches };
}

/** Whether a line of a start says that something is being compiled or fetched for it. */
export function isBuilding(line: string): boolean {
  return /Build of .+: (compiled|downloading)/.test(line);
}

export interface Bare {
  /** A copy of what is committed, at a path with spaces in it. */
  checkout: string;
  home: string;
  /** Empty. */
  caches: string;
  remove(): Promise<void>;
}

export async function makeBare(): Promise<Bare> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge from nothing '));
  const [checkout, home, caches] = ['a checkout', 'home', 'caches'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  for (const path of [checkout, home, caches]) await mkdir(path);
  const listed = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: root });
  const files = listed.stdout.split('\0').filter((file) => file !== '');
  for (const file of files) await copy(join(root, file), join(checkout, file));
  for (const file of settings)
    await copy(join(homedir(), file), join(home, file)).catch(() => undefined);
  return { checkout, home, caches, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
}

/**
 * A command of the README that runs in a bare environment; each of its lines is told. `end` does what Ctrl-C
 * does in a terminal: everything the command has started gets the signal, not npm alone.
 */
export function npm(
  args: string[],
  { checkout }: Bare,
  env: Record<string, string>,
  told: (line: string) => void,
): { end: (signal: NodeJS.Signals) => void; ended: Promise<number | null> } {
  const child = spawn('npm', args, {
    cwd: checkout,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', told);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  };
  return { end, ended };
}
