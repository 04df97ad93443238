import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import { killMembers, removeControlGroups } from './cgroups.ts';
import { leaveNoMounts } from '../images/store.ts';
import { findLeftovers, removeLeftovers } from './leftovers.ts';
import { unmountBelow } from './mounts.ts';
import { removeNetwork } from './network.ts';
import { ownership } from './owner.ts';
import type { Progress } from '../../lib/progress.ts';
import { checkout, runtime, state } from '../settings.ts';

/**
 * Removes whatever a cluster made on this machine, however it ended, but for what is cached: processes, mounts,
 * network namespaces and links, control groups, and its state. What is not there is not missed.
 * @throws Error naming what could not be removed
 */
export async function tearDown(progress: Progress = () => undefined): Promise<void> {
  const { owner = checkout } = await ownership();
  const states = [...new Set([state, join(owner, '.selvedge')])];
  const leftovers = await findLeftovers();
  progress('ending processes');
  await killMembers();
  progress('removing mounts');
  await leaveNoMounts();
  await unmountBelow([...states, runtime]);
  progress('removing the network');
  await removeNetwork();
  progress('removing control groups');
  await removeControlGroups();
  progress('removing state');
  await removeLeftovers(leftovers);
  // Nodes had a file system of their own over it.
  await rmdir('/var/lib/selvedge').catch(() => undefined);
  for (const folder of [...states, runtime]) await rm(folder, { recursive: true, force: true });
}
