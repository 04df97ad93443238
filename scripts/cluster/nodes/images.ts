import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { containerdSocket } from './containerd.ts';
import { share } from '../machine/mounts.ts';
import { cache, type Node } from '../settings.ts';
import { run } from '../../lib/shell.ts';

/** Bytes; of a node whose images have grown beyond, all are fetched anew: those of old versions are among them. */
const most = 4 * 2 ** 30;

/**
 * Shows a node's images where its container runtime looks for them. They outlive `npm stop`, so that the next
 * start need neither pull nor unpack them.
 * @returns whether there are any
 */
export async function shareImages(node: Node, path: string): Promise<boolean> {
  const images = join(cache, 'nodes', node.name);
  if ((await sizeOf(images)) > most) await rm(images, { recursive: true, force: true });
  const kept = existsSync(images);
  for (const folder of [images, path]) await mkdir(folder, { recursive: true });
  await share(images, path);
  return kept;
}

/** Strikes the containers of the cluster before from a node's records, and removes what they wrote. */
export async function forgetContainers(node: Node): Promise<void> {
  const ctr = ['--address', containerdSocket(node), '--namespace', 'k8s.io', 'containers'];
  const found = (await run('ctr', [...ctr, 'list', '--quiet'])).split('\n').filter(Boolean);
  if (found.length > 0) await run('ctr', [...ctr, 'remove', ...found]);
}

async function sizeOf(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  return Number.parseInt(await run('du', ['--summarize', '--block-size=1', folder]), 10);
}
