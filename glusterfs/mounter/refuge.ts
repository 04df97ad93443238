/**
 * A way out of the pod's control groups. A container runtime ends all that is in them with the pod; the process
 * behind a mount, which every ledger of the node is read through, has to go on.
 */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the hierarchy of version 2 is called. */
const unified = 'unified';

/** A control group in one hierarchy. */
export interface Group {
  /** Below the place of all hierarchies: `memory`, `systemd`, or `unified` for version 2. */
  hierarchy: string;
  /** In the hierarchy, without a slash in front. */
  path: string;
}

/**
 * The groups beside those of all pods, one a hierarchy, that the process may flee to.
 * @param text of /proc/self/cgroup, cgroups(7)
 */
export function refuges(text: string): Group[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([, controllers = '', path = '']) => {
      const pods = path.split('/').findIndex((part) => part.startsWith('kubepods'));
      if (pods < 0) return [];
      const node = path.split('/').slice(1, pods);
      const hierarchy = controllers === '' ? unified : controllers.replace('name=', '');
      return [{ hierarchy, path: [...node, 'selvedge-volumes'].join('/') }];
    });
}

/**
 * Makes the groups.
 * @param root the place of all hierarchies, as the host has them
 * @returns the files to which a process writes its id to be in them
 */
export async function makeRefuges(root: string): Promise<string[]> {
  const groups = refuges(await readFile('/proc/self/cgroup', 'utf8'));
  return Promise.all(groups.map((group) => makeRefuge(root, group)));
}

/** Version 2 is the place itself, or beside the hierarchies of version 1 a folder of its own. */
async function unifiedAt(root: string): Promise<string> {
  const alone = await access(join(root, 'cgroup.controllers')).then(
    () => true,
    () => false,
  );
  return alone ? '.' : 'unified';
}

async function makeRefuge(root: string, { hierarchy, path }: Group): Promise<string> {
  const folder = join(root, hierarchy === unified ? await unifiedAt(root) : hierarchy, path);
  await mkdir(folder, { recursive: true });
  // Version 1 makes a group without any processor or memory node, in which nothing can run.
  const own = hierarchy.split(',').includes('cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [];
  for (const file of own)
    // Read and written: the kernel copies nothing of a file that says it is empty.
    await writeFile(join(folder, file), await readFile(join(folder, '..', file)));
  return join(folder, 'cgroup.procs');
}
