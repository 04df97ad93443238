import { type Check, type Finding, type Node, nodeTarget, type State } from './check.ts';
import { isMostWell, isRenewed, isShutOut } from './quorum.ts';

/**
 * Seconds of silence, both of the kubelet and of its Lease, after which a node is lost: more than one
 * renewal and a busy machine take. Where a member on it answers, the node is there and only its
 * kubelet is not, which may be a matter of its restart: then the whole time its Lease is good for.
 * Where Kubernetes has given it up, which it does after 50 s, others have looked for long enough.
 */
const patience = { dark: 15, serving: 40, givenUp: 5 };

/** Seconds more in which the others may turn out to be well: a renewal of theirs. */
const othersAreAwaited = 10;

/** A node that is dead or cut off; one that was taken out already, until nothing of it is left to do. */
export const nodeLost: Check = {
  name: 'node-lost',
  look: (state) => state.nodes.filter((node) => isSuspect(node, state)).map(judge(state)),
};

/** A node that is silent to us alone, and renews its Lease, is not. */
function isSuspect(node: Node, { volume }: State): boolean {
  if (node.answers || isRenewed(node)) return false;
  return node.outBy === undefined || node.bound.length > 0 || !isShutOut(node, volume);
}

function judge(state: State): (node: Node) => Finding {
  return (node) => {
    const target = nodeTarget(node);
    const [silent, unrenewed] = [node.kubeletFor, node.unrenewedFor].map(Math.floor);
    const reason = `its kubelet has been silent for ${silent} s, its Lease not renewed for ${unrenewed} s`;
    const beyond = Math.min(node.kubeletFor, node.unrenewedFor) - patienceWith(node, state);
    if (beyond >= 0 && isMostWell(state)) return { action: 'fence-node', target, reason, node };
    if (beyond < othersAreAwaited) return { action: 'wait', target, reason };
    return {
      action: 'alarm',
      target,
      reason: `${reason}, but most other nodes are not well either`,
    };
  };
}

function patienceWith({ name, ready }: Node, { members }: State): number {
  if (ready === undefined) return patience.givenUp;
  const serves = members.some(
    ({ node, seal }) => node === name && seal !== undefined && seal !== 'silent',
  );
  return serves ? patience.serving : patience.dark;
}
