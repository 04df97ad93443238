import { existsSync } from 'node:fs';
import { readFile, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

import { isBuilt, type ComponentName } from '../components/build.ts';
import { deadControllers, members } from './cgroups.ts';
import { inTheWay, ownership } from './owner.ts';
import { missingPackages } from './packages.ts';
import { takenRanges } from './ranges.ts';
import { attempt } from '../../lib/shell.ts';
import { apiServer, cache, gateway, registry, state } from '../settings.ts';

const gibibyte = 2 ** 30;
const needed = {
  memory: 7.5 * gibibyte,
  /** Of what is built: module and build caches of Go, and our own; and of what runs. */
  builds: 16 * gibibyte,
  images: 3.5 * gibibyte,
  volumes: 1.5 * gibibyte,
  /** What the modules of the components ask for. */
  go: [1, 25] as const,
};

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
  /** Each file system that something is written to, what for and how much of it is free. */
  disks: Disk[];
  /** As `go version` calls it: `go1.26.8`; undefined when Go is not there. */
  go: string | undefined;
  /** The controllers in which no group can be made. */
  deadControllers: string[];
  /** What else listens where the cluster would: `6443`. */
  takenPorts: string[];
  /** What of the machine's addresses lies where the cluster's would: `10.90.0.0/16 (podman0)`. */
  takenRanges: string[];
  /** Says that a cluster of another checkout is in the way. */
  otherCluster: string | undefined;
}

/** One file system. */
export interface Disk {
  path: string;
  /** Bytes. */
  free: number;
  needed: number;
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
  ({ disks }) =>
    said(
      disks
        .filter(({ free, needed: wanted }) => free < wanted)
        .map(
          ({ path, free, needed: wanted }) =>
            `There are ${gibibytes(free)} free at ${path}; ${gibibytes(wanted)} are needed.`,
        ),
    ),
  ({ go, toBuild }) =>
    toBuild.length > 0 &&
    go !== undefined &&
    isOlder(go, needed.go) &&
    `${go} is here; the components need Go ${needed.go.join('.')} or later: https://go.dev/doc/install.`,
  ({ deadControllers }) =>
    deadControllers.length > 0 &&
    `No control group can be made for ${deadControllers.join(', ')} under /sys/fs/cgroup.`,
  ({ takenPorts }) =>
    takenPorts.length > 0 && `Port ${takenPorts.join(', ')} is in use by another program.`,
  ({ takenRanges: found }) =>
    found.length > 0 &&
    `Addresses that the cluster would give out are in use on this machine: ${found.join(', ')}.`,
  ({ toBuild, online }) =>
    online === false &&
    `The Go module proxy does not answer, and ${toBuild.join(', ')} must be built from what it serves.`,
];

const said = (sentences: string[]): string | undefined =>
  sentences.length > 0 ? sentences.join(' ') : undefined;

/** Whether a version of Go is older than wanted, and does not fetch a newer one by itself, as it does since 1.21. */
export function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first = '0', second = '0'] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  const [ownMajor, ownMinor] = [Number(first), Number(second)];
  if (ownMajor !== major) return ownMajor < major;
  return ownMinor < minor && ownMinor < 21;
}

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
  return {
    root: process.getuid?.() === 0,
    linux: process.platform === 'linux' && process.arch === 'x64',
    apt: existsSync('/usr/bin/apt-get'),
    missingPrograms,
    missingPackages: await missingPackages(),
    toBuild,
    online: toBuild.length === 0 ? undefined : await proxyAnswers(),
    memory: await memory(),
    disks: await disks(toBuild.length > 0),
    go: (await attempt('go', ['env', 'GOVERSION']))?.trim(),
    deadControllers: await deadControllers(),
    takenPorts: await takenPorts(),
    takenRanges: await takenRanges(),
    otherCluster: inTheWay(await ownership()),
  };
}

/** Where it is written to, one entry a file system. */
async function disks(builds: boolean): Promise<Disk[]> {
  const caches = (await attempt('go', ['env', 'GOCACHE', 'GOMODCACHE']))?.trim().split('\n') ?? [];
  const wanted = [
    { path: state, needed: needed.volumes },
    { path: cache, needed: needed.images },
    ...(builds ? [cache, ...caches].map((path) => ({ path, needed: needed.builds / 3 })) : []),
  ];
  const found = await Promise.all(
    wanted.map(async ({ path, needed: bytes }) => {
      const { dev } = await stat(existing(path));
      const { bavail, bsize } = await statfs(existing(path));
      return { dev, path, free: bavail * bsize, needed: bytes };
    }),
  );
  return perFileSystem(found);
}

/** What is written to one file system adds up. */
export function perFileSystem(found: readonly (Disk & { dev: number })[]): Disk[] {
  const sums = new Map<number, Disk>();
  for (const { dev, ...disk } of found) {
    const known = sums.get(dev);
    sums.set(dev, known ? { ...known, needed: known.needed + disk.needed } : disk);
  }
  return [...sums.values()];
}

/** Where programs of the cluster listen. */
const listeners = [
  { host: gateway.address, port: gateway.port },
  { host: '0.0.0.0', port: Number(new URL(apiServer).port) },
  { host: '0.0.0.0', port: Number(registry.split(':')[1]) },
];

/** What runs under our control group, recorded or left by a start that was cut off, is not in the way. */
async function takenPorts(): Promise<string[]> {
  if ((await members()).length > 0) return [];
  const taken = await Promise.all(
    listeners.map(async ({ host, port }) => ((await isFree(host, port)) ? [] : [String(port)])),
  );
  return taken.flat();
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
