import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../../../functions/lib/until.ts';
import { controlGroup } from '../settings.ts';

/** The mounted hierarchies of control groups: several with version 1, one with version 2. */
export interface Hierarchies {
  version: 1 | 2;
  /** Those that limit something. */
  roots: string[];
  /** With them the one of version 2 that limits nothing, in a hybrid set-up, where container runtimes make groups too. */
  all: string[];
}

/** Reads the hierarchies out of the text of /proc/mounts. */
export function parseHierarchies(mounts: string): Hierarchies {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const ofType = (wanted: string): string[] =>
    lines.filter(([, , type]) => type === wanted).map(([, root = '']) => root);
  const [first, second] = [ofType('cgroup'), ofType('cgroup2')];
  if (first.length === 0) return { version: 2, roots: second, all: second };
  return { version: 1, roots: first, all: [...first, ...second] };
}

async function hierarchies(): Promise<Hierarchies> {
  return parseHierarchies(await readFile('/proc/mounts', 'utf8'));
}

/** Makes `selvedge/<name>` in every hierarchy, ready to hold processes or the groups of a kubelet. */
export async function makeControlGroup(name: string): Promise<void> {
  const { version, roots } = await hierarchies();
  for (const root of roots) {
    let path = root;
    for (const part of [controlGroup, name]) {
      if (version === 2) await passControllers(path);
      const parent = path;
      path = join(path, part);
      await mkdir(path, { recursive: true });
      if (existsSync(join(path, 'cpuset.cpus')) && version === 1) await copyCpus(parent, path);
      if (part === controlGroup) await giveWeight(path);
    }
  }
}

/**
 * All pods of all nodes would count as one program of the machine, however many others want its processors. As two
 * they get along beside a build, and leave enough to what they depend on: the control plane and the nodes' daemons
 * are programs of the machine.
 */
async function giveWeight(path: string): Promise<void> {
  // By version: a program has 1024 of the first, 100 of the second.
  const weights = { 'cpu.shares': '2048', 'cpu.weight': '200' };
  for (const [file, weight] of Object.entries(weights))
    if (existsSync(join(path, file))) await writeFile(join(path, file), weight);
}

/** The hierarchies in which a child group cannot be made, by their paths; of none at all, that too. */
export async function deadControllers(): Promise<string[]> {
  const { roots } = await hierarchies();
  if (roots.length === 0) return ['any controller'];
  const tried = await Promise.all(
    roots.map(async (root) => {
      const probe = join(root, `${controlGroup}-probe-${process.pid}`);
      try {
        await mkdir(probe);
        await rmdir(probe);
        return [];
      } catch {
        return [root];
      }
    }),
  );
  return tried.flat();
}

/** Version 1 makes a group without any processor or memory node, in which nothing can run. */
async function copyCpus(parent: string, path: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems'])
    await writeFile(join(path, file), await readFile(join(parent, file)));
}

async function passControllers(path: string): Promise<void> {
  const names = (await readFile(join(path, 'cgroup.controllers'), 'utf8')).trim().split(' ');
  for (const name of names)
    await writeFile(join(path, 'cgroup.subtree_control'), `+${name}`).catch(() => undefined); // some can only be used at the root
}

/** The file to which a process writes its own id to run, with all its children, under `selvedge/<name>`. */
export async function membersFile(name: string): Promise<string> {
  const { roots } = await hierarchies();
  const root = roots.find((path) => path.endsWith('/pids')) ?? roots[0];
  if (root === undefined) throw new Error('no control groups are mounted under /sys/fs/cgroup');
  return join(root, controlGroup, name, 'cgroup.procs');
}

/** The ids of all processes under `selvedge`, or under `selvedge/<name>`. */
export async function members(name = ''): Promise<number[]> {
  const found = new Set<number>();
  for (const root of (await hierarchies()).all) {
    for (const group of await groups(join(root, controlGroup, name))) {
      const text = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
      for (const line of text.split('\n')) if (Number(line) > 0) found.add(Number(line));
    }
  }
  return [...found];
}

/**
 * Ends every process under `selvedge` or `selvedge/<name>`, and those they start meanwhile.
 * @throws Error naming those that are still there after 30 s
 */
export async function killMembers(name = ''): Promise<void> {
  const ending = { what: 'processes of the cluster to end', timeoutMs: 30_000, mostMs: 100 };
  await until(ending, async () => {
    const left = await members(name);
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has just ended by itself
      }
    }
    if (left.length > 0) throw new Error(`still running: ${left.join(', ')}`);
    return true;
  });
}

/** Removes the groups that {@link makeControlGroup} made and all that was made in them; they must be empty. */
export async function removeControlGroups(): Promise<void> {
  for (const root of (await hierarchies()).all) {
    // Children first. A group stays busy for a moment after its last process.
    for (const group of (await groups(join(root, controlGroup))).reverse())
      await until(
        { what: `${group} to be empty`, timeoutMs: 10_000, firstMs: 50, mostMs: 50 },
        async () => {
          if (existsSync(group)) await rmdir(group);
          return true;
        },
      );
  }
}

/** The group and all below it, parents first; none if it is not there. */
async function groups(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => groups(join(path, entry.name)));
  return [path, ...(await Promise.all(below)).flat()];
}
