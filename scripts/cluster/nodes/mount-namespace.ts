import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { attempt, run } from '../../lib/shell.ts';
import { runtime, type Node } from '../settings.ts';

/** Where namespaces are held; on a private mount, for a namespace cannot be mounted into itself. */
const holder = join(runtime, 'mounts');

/** Where a node has the replicated volume, as every node of a real cluster has: at the same path. */
export const shared = '/var/lib/selvedge';

/** The file that holds a node's mount namespace. */
export const mountsOf = (node: Node): string => join(holder, node.name);

/**
 * Gives a node mounts of its own, as a machine has: what its pods mount for it, no other node sees, and all of it
 * goes with the node's last process.
 * @param folder of the node, whose mounts its containers share
 */
export async function makeMounts(node: Node, folder: string): Promise<void> {
  const held = mountsOf(node);
  if ((await attempt('nsenter', [`--mount=${held}`, 'true'])) !== undefined) return;
  await mkdir(holder, { recursive: true });
  await mkdir(shared, { recursive: true });
  if ((await attempt('mountpoint', ['--quiet', holder])) === undefined) {
    await run('mount', ['--bind', holder, holder]);
    await run('mount', ['--make-private', holder]);
  }
  await writeFile(held, '');
  const script = [
    'mount --make-rshared "$0"',
    'mount -t tmpfs -o mode=0755 selvedge "$1"',
    'mount --make-rshared "$1"',
  ].join(' && ');
  const own = [`--mount=${held}`, '--propagation=slave', 'sh', '-c', script, folder, shared];
  await run('unshare', own);
}
