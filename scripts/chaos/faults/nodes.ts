/** Nodes that die, are cut off, or lose their kubelet: of the local cluster, whose nodes are ours. */
import { labels } from '../../../functions/lib/network.ts';
import { isReady, oneOf, type Node, type Pod, type World } from '../world.ts';
import { theMachine } from '../machine.ts';
import type { Aim, Fault } from './fault.ts';

/** Milliseconds a node is away: longer than what is asked of failover, a minute. */
const holdMs = 75_000;

/** The parts that a node should have so that its loss is felt: a peer, an orderer, members of tiers. */
const parts: readonly ((pod: Pod) => boolean)[] = [
  ({ metadata }) => metadata.labels?.[labels.component] === 'peer',
  ({ metadata }) => metadata.labels?.[labels.component] === 'orderer',
  ({ metadata }) => metadata.labels?.['selvedge.dev/tier'] !== undefined,
];

/** One of the nodes on which most kinds of parts run. */
export async function fullestNode(world: World): Promise<string> {
  const [nodes, pods] = await Promise.all([
    world.kubernetes.list<Node>({ apiVersion: 'v1', kind: 'Node' }),
    world.kubernetes.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }),
  ]);
  const names = nodes.filter(isReady).map(({ metadata }) => metadata.name);
  const kindsOn = (name: string): number =>
    parts.filter((is) => pods.some((pod) => pod.spec?.nodeName === name && is(pod))).length;
  const most = Math.max(...names.map(kindsOn));
  return oneOf(
    world,
    'node',
    names.filter((name) => kindsOn(name) === most),
  );
}

async function aimAt(
  world: World,
  strike: (machine: ReturnType<typeof theMachine>, node: string) => Promise<void>,
): Promise<Aim> {
  const machine = theMachine(world);
  const name = await fullestNode(world);
  return {
    what: name,
    strike: async () => {
      await strike(machine, name);
      return undefined;
    },
    absent: ({ spec }) => spec?.nodeName === name,
  };
}

const heal = async (world: World): Promise<void> => world.machine?.restore();

export const nodeFaults: readonly Fault[] = [
  {
    name: 'node-dead',
    says: 'a node with a peer, an orderer and members of tiers loses its power',
    ...{ local: true, holdMs, heal },
    aim: (world) => aimAt(world, (machine, node) => machine.powerOff(node)),
  },
  {
    name: 'node-cut-off',
    says: 'the cable of such a node is pulled; what runs there goes on',
    ...{ local: true, holdMs, heal },
    aim: (world) => aimAt(world, (machine, node) => machine.cutOff(node)),
  },
  {
    name: 'kubelet-dead',
    says: 'the kubelet of such a node ends; what it has started goes on',
    ...{ local: true, holdMs: 120_000, heal },
    aim: (world) => aimAt(world, (machine, node) => machine.endKubelet(node)),
  },
];
