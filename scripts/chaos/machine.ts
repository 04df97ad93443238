/** The machine under the local cluster, where it is this checkout's: its nodes are network namespaces and processes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { members } from '../cluster/machine/cgroups.ts';
import { ownership } from '../cluster/machine/owner.ts';
import { signalTo, stop } from '../cluster/machine/processes.ts';
import { cutOff, powerOff, powerOn } from '../cluster/nodes/power.ts';
import { checkout, nodes, type Node } from '../cluster/settings.ts';
import { remotesOf } from './connections.ts';
import type { Pod, World } from './world.ts';

export interface Machine {
  /** Ends a pod's processes; none of them learns of it. */
  killPod(pod: Pod): Promise<void>;
  pausePod(pod: Pod): Promise<void>;
  pauseApiServer(): Promise<void>;
  /** What was paused goes on. */
  resume(): Promise<void>;
  /** The addresses to which a pod has connections. */
  connectionsOf(pod: Pod): Promise<string[]>;
  powerOff(node: string): Promise<void>;
  cutOff(node: string): Promise<void>;
  endKubelet(node: string): Promise<void>;
  /** Every node is connected, runs and is ready. */
  restore(): Promise<void>;
}

/** Undefined where the cluster of this checkout does not run on this machine, or we are not root. */
export async function localMachine(): Promise<Machine | undefined> {
  const { owner, alive } = await ownership();
  if (owner !== checkout || !alive || process.getuid?.() !== 0) return undefined;
  return {
    killPod: async (pod) => signalAll(await processesOf(pod), 'SIGKILL'),
    pausePod: async (pod) => signalAll(await processesOf(pod), 'SIGSTOP'),
    pauseApiServer: () => signalTo('kube-apiserver', 'SIGSTOP'),
    resume: async () => {
      await signalTo('kube-apiserver', 'SIGCONT');
      for (const { name } of nodes) signalAll(await members(name), 'SIGCONT');
    },
    connectionsOf: async (pod) => {
      const [first] = await processesOf(pod);
      if (first === undefined) return [];
      const tables = ['tcp', 'tcp6'].map((name) => readFile(`/proc/${first}/net/${name}`, 'utf8'));
      return (await Promise.all(tables)).flatMap(remotesOf);
    },
    powerOff: (name) => powerOff(nodeNamed(name)),
    cutOff: (name) => cutOff(nodeNamed(name)),
    endKubelet: (name) => stop(`${nodeNamed(name).name}-kubelet`),
    restore: async () => {
      await Promise.all(nodes.map((node) => powerOn(node)));
    },
  };
}

/** @throws Error that says where such a fault can be had */
export function theMachine({ machine }: Pick<World, 'machine'>): Machine {
  if (machine) return machine;
  throw new Error('this fault needs the local cluster of this checkout, and root');
}

/** @throws Error when the local cluster has no such node */
function nodeNamed(name: string): Node {
  const found = nodes.find((node) => node.name === name);
  if (!found) throw new Error(`${name} is no node of the local cluster`);
  return found;
}

/** The kubelet's groups of the three classes of service; a pod is in one of them. */
const classes = ['', 'burstable', 'besteffort'];

async function processesOf({ spec, metadata }: Pod): Promise<number[]> {
  const found = await Promise.all(
    classes.map((name) =>
      members(join(spec?.nodeName ?? '', 'kubepods', name, `pod${metadata.uid ?? ''}`)),
    ),
  );
  return found.flat();
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // it has just ended by itself
    }
  }
}
