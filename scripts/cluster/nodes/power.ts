/**
 * What befalls a machine, done to a node: its cable is pulled, its power is cut. All of it can be undone, in
 * whatever order and by another process.
 */
import { readlink, stat } from 'node:fs/promises';

import { buildComponent } from '../components/build.ts';
import { killMembers, members } from '../machine/cgroups.ts';
import { run } from '../../lib/shell.ts';
import { until } from '../../../functions/lib/until.ts';
import type { Node } from '../settings.ts';
import { startFirewall } from './firewall.ts';
import { nodeReady, startNode } from './node.ts';

/** Nothing reaches the node, and nothing leaves it; what runs there goes on. */
export async function cutOff({ link }: Node): Promise<void> {
  await run('ip', ['link', 'set', link, 'down']);
}

export async function reconnect({ link }: Node): Promise<void> {
  await run('ip', ['link', 'set', link, 'up']);
}

/** All that runs on the node ends at once, and its address answers nobody: a refusal would come from its kernel. */
export async function powerOff(node: Node): Promise<void> {
  await cutOff(node);
  // Programs first: they would start again what runs in pods.
  const ending = { what: `the programs of ${node.name} to end`, timeoutMs: 30_000, mostMs: 100 };
  await until(ending, async () => {
    const left = await programsOf(node);
    for (const pid of left) kill(pid);
    return left.length === 0;
  });
  await killMembers(node.name);
}

/** Starts what of the node does not run, as `npm start` does, and waits until it is ready. */
export async function powerOn(node: Node, signal?: AbortSignal): Promise<void> {
  await reconnect(node);
  const kubernetes = await buildComponent('kubernetes');
  await startNode(node, kubernetes);
  await nodeReady(node, kubernetes, signal);
  await startFirewall(node, await buildComponent('kube-router'), signal);
}

/**
 * Kubelet, container runtime and what it starts beside containers: all that has the node's own network. One that
 * ended and that its parent has not seen yet has none any more.
 */
async function programsOf({ namespace }: Node): Promise<number[]> {
  const { ino } = await stat(`/run/netns/${namespace}`);
  const own = `net:[${ino}]`;
  const inside = await Promise.all(
    (await members('daemons')).map(async (pid) => {
      const network = await readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
      return network === own ? [pid] : [];
    }),
  );
  return inside.flat();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has just ended by itself
  }
}
