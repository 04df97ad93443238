/** How the loss of a node stands in the conditions of the networks that had members on it. */
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import type { FabricNetwork } from '../lib/network.ts';
import type { NetworkStatus } from '../lib/network/status.ts';
import type { Action } from './checks/check.ts';
import { listNetworks } from './networks.ts';
import type { Outcome } from './record.ts';

type Condition = NonNullable<NetworkStatus['conditions']>[number];

/** What is done to nodes. */
export type NodeAction = Extract<Action, { node: unknown }>;

/** The one condition that is ours; the others are of provisioning, which leaves it alone in turn. */
const type = 'Failover';

/** Whose fields these are, for server-side apply. */
const manager = 'selvedge-failover';

/** Of the condition, by what was done and how it came out. */
const reasons: Record<`${NodeAction['action']} ${Outcome}`, string> = {
  'fence-node succeeded': 'NodeFenced',
  'fence-node failed': 'NodeNotFenced',
  'take-back succeeded': 'NodeBack',
  'take-back failed': 'NodeNotTakenBack',
};

/** What was done to a node, and how it came out. */
export interface Done {
  action: NodeAction;
  outcome: Outcome;
  /** For people. */
  message: string;
  now: Date;
}

/** Writes the condition of every network that it concerns. */
export async function stand(kubernetes: Kubernetes, namespace: string, done: Done): Promise<void> {
  const networks = await listNetworks(kubernetes, namespace);
  for (const network of networks.filter((one) => concerns(one, done))) {
    const { apiVersion, kind, metadata } = network;
    await kubernetes.applyStatus(
      {
        ...{ apiVersion, kind, metadata: { name: metadata.name, namespace } },
        status: { conditions: [conditionOf(network, done)] },
      },
      manager,
    );
  }
}

/** Those with pods on the node when it is lost; those of which that still stands when it is back. */
function concerns(network: FabricNetwork, { action: { action, node } }: Done): boolean {
  if (action === 'fence-node') {
    return node.bound.some(({ namespace }) => namespace === network.status?.namespace);
  }
  const before = known(network);
  return before?.status === 'True' && before.message.startsWith(`${node.name}: `);
}

/** True while a node with members of the network is out of service, or ought to be and is not. */
export function conditionOf(network: FabricNetwork, done: Done): Condition {
  const { action, outcome, message, now } = done;
  const isOver = action.action === 'take-back' && outcome === 'succeeded';
  const status = isOver ? 'False' : 'True';
  const before = known(network);
  const since = before?.status === status ? before.lastTransitionTime : now.toISOString();
  return {
    ...{
      type,
      status,
      reason: reasons[`${action.action} ${outcome}`],
      message: `${action.node.name}: ${message}`,
    },
    lastTransitionTime: since.replace(/\.\d+Z$/, 'Z'),
  };
}

function known({ status }: FabricNetwork): Condition | undefined {
  return status?.conditions?.find((one) => one.type === type);
}
