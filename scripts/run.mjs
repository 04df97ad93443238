// Runs one of our scripts under our own Node, with our packages: `node scripts/run.mjs SCRIPT [ARGUMENT…]`.
// Plain JavaScript and without dependencies, as it runs under whatever Node (20 or later) the machine has.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

/** The version of every installed package by its folder, as npm keeps it; undefined if there is none. */
function installed() {
  try {
    return JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'))
      .packages;
  } catch {
    return undefined;
  }
}

/** Whether node_modules holds what the lock file asks for. */
function isFresh() {
  const found = installed();
  if (found === undefined) return false;
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).every(
    ([folder, { version, optional }]) =>
      folder === '' || optional || found[folder]?.version === version,
  );
}

function install() {
  const began = Date.now();
  console.log('Installing the packages of package-lock.json…');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`npm ci failed${error ? `: ${error.message}` : ', as said above'}.`);
    process.exit(1);
  }
  console.log(`Installed the packages in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
}

/** What is never asked of a proxy: this machine, and the nodes, pods and Services of the local cluster. */
const direct = [
  ...['localhost', '127.0.0.1', '::1', '.svc', '.cluster.local'],
  ...['10.89.0.1', '10.89.0.0/24', '10.90.0.0/16', '10.96.0.0/16'],
];

/** Our programs and all they start get a home and a cache folder that they can rely on, and use proxies alike. */
function environment() {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  env.HOME ||= homedir();
  if (!isAbsolute(env.XDG_CACHE_HOME ?? '')) delete env.XDG_CACHE_HOME;
  const { HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy } = env;
  if (!(HTTP_PROXY || HTTPS_PROXY || http_proxy || https_proxy)) return env;
  const given = env.NO_PROXY || env.no_proxy;
  const list = [...(given ? [given] : []), ...direct].join(',');
  return { ...env, NODE_USE_ENV_PROXY: '1', NO_PROXY: list, no_proxy: list };
}

function run(args) {
  const child = spawn(join(bin, 'node'), args, {
    stdio: 'inherit',
    env: environment(),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Cannot start Node 24 from node_modules: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (status, signal) => {
    if (signal === null) process.exit(status ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (!isFresh()) install();
const [script, ...rest] = process.argv.slice(2);
run([join(root, script), ...rest]);
