import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

import { isBuilt, type ComponentName } from '../components/build.ts';
import { inTheWay, ownership } from './owner.ts';
import { missingPackages } from './packages.ts';
import { isRunning } from './processes.ts';
import { attempt } from '../../lib/shell.ts';
import { cache, gateway } from '../settings.ts';

const gibibyte = 2 ** 30;
const needed = { memory: 7.5 * gibibyte, disk: 20 * gibibyte };

/** What is to be known of a machine before anything is built or changed on it. */
export interface Facts {
  root: boolean;
  linux: boolean;
  apt: boolean;
  /** Programs that are needed but not there. */
  missingPrograms: string[];
  missingPackages: string[];
  /** Components that are not in the cache. */
  toBuild: string[];
  /** Whether the Go module proxy answers; undefined when nothing is asked of it. */
  online: boolean | undefined;
  /** Bytes. */
  memory: number;
  freeDisk: number;
  controlGroups: boolean;
  gatewayPortFree: boolean;
  /** Says that a cluster of another checkout is in the way. */
  otherCluster: string | undefined;
}

type Check = (facts: Facts) => string | false | undefined;

/** Each says in one sentence what stands in the way of a start, or nothing. */
const checks: Check[] = [
  ({ linux }) => !linux && 'The local cluster needs Linux on x86-64.',
  ({ root }) =>
    !root &&
    'The local cluster needs root: it makes network namespaces, mounts and control groups.',
  ({ otherCluster }) => otherCluster,
  ({ apt, missingPackages: missing }) =>
    !apt && missing.length > 0 && `Debian's apt-get is not here to install ${missing.join(', ')}.`,
  ({ missingPrograms: missing }) =>
    missing.length > 0 && `Not found on the PATH: ${missing.join(', ')}.`,
  ({ memory }) =>
    memory < needed.memory && `The machine has ${gibibytes(memory)} of memory; 8 GiB are needed.`,
  ({ freeDisk }) =>
    freeDisk < needed.disk &&
    `There are ${gibibytes(freeDisk)} free on the disk; 20 GiB are needed.`,
  ({ controlGroups }) => !controlGroups && 'No control groups are mounted under /sys/fs/cgroup.',
  ({ gatewayPortFree }) =>
    !gatewayPortFree && `Port ${gateway.port} on ${gateway.address} is in use by another program.`,
  ({ toBuild, online }) =>
    online === false &&
    `The Go module proxy does not answer, and ${toBuild.join(', ')} must be built from what it serves.`,
];

/** Everything that stands in the way, a sentence each; none if the cluster can be started. */
export function problems(facts: Facts): string[] {
  return checks.map((check) => check(facts)).filter((said) => typeof said === 'string');
}

/**
 * Looks at this machine, and changes nothing.
 * @param wanted the components that the cluster runs
 */
export async function gather(wanted: ComponentName[]): Promise<Facts> {
  const missingPrograms = await notFound(['go', 'python3', 'nsenter', 'flock', 'mount']);
  const toBuild = missingPrograms.includes('go') ? [] : await notBuilt(wanted);
  const disk = await statfs(existing(cache));
  return {
    root: process.getuid?.() === 0,
    linux: process.platform === 'linux' && process.arch === 'x64',
    apt: existsSync('/usr/bin/apt-get'),
    missingPrograms,
    missingPackages: await missingPackages(),
    toBuild,
    online: toBuild.length === 0 ? undefined : await proxyAnswers(),
    memory: await memory(),
    freeDisk: disk.bavail * disk.bsize,
    controlGroups: existsSync('/sys/fs/cgroup'),
    gatewayPortFree: (await isRunning('forward')) || (await isFree(gateway.address, gateway.port)),
    otherCluster: inTheWay(await ownership()),
  };
}

/** The folder itself, or the nearest above it that is there and may be looked into. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

async function notFound(programs: string[]): Promise<string[]> {
  const found = await Promise.all(
    programs.map((name) => attempt('sh', ['-c', `command -v ${name}`])),
  );
  return programs.filter((_, index) => found[index] === undefined);
}

async function notBuilt(wanted: ComponentName[]): Promise<string[]> {
  const built = await Promise.all(wanted.map((name) => isBuilt(name)));
  return wanted.filter((_, index) => !built[index]);
}

/** Whether the first proxy that Go is told to use answers anything at all. */
async function proxyAnswers(): Promise<boolean> {
  const [proxy = ''] = ((await attempt('go', ['env', 'GOPROXY'])) ?? '').trim().split(/[,|]/);
  if (!proxy.startsWith('http')) return true; // a folder, or none: Go will say what it lacks
  return fetch(proxy, { method: 'HEAD', signal: AbortSignal.timeout(15_000) }).then(
    () => true,
    () => false,
  );
}

async function memory(): Promise<number> {
  const [, kibibytes = '0'] =
    /MemTotal:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

const gibibytes = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;
