import { type Check, type Finding, type Node, nodeTarget, type State } from './check.ts';
import { isRenewed, isShutSomewhere } from './quorum.ts';

/** Seconds for which a node must have been well: one that comes and goes would move everything each time. */
const steady = 10;

/** A node that was taken out and is there again. */
export const nodeBack: Check = {
  name: 'node-back',
  look: (state) => state.nodes.filter((node) => isAwaited(node, state)).map(judge),
};

function isAwaited(node: Node, { volume }: State): boolean {
  if (!node.answers || node.outBy === 'others') return false;
  return node.outBy === 'failover' || isShutSomewhere(node, volume);
}

function judge(node: Node): Finding {
  const target = nodeTarget(node);
  if (!isSteady(node)) return { action: 'wait', target, reason: 'it is on its way back' };
  if (node.strays === undefined) {
    const reason = 'it is back, but does not tell whether what was moved still runs on it';
    return { action: 'alarm', target, reason };
  }
  // Of one that was not taken out to the end nothing has moved: what is bound to it belongs there.
  const old = node.strays + (node.outBy === undefined ? 0 : node.bound.length);
  if (old > 0) return { action: 'wait', target, reason: 'what was moved still runs on it' };
  const reason = 'it is back, and nothing that was moved runs on it';
  return { action: 'take-back', target, reason, node };
}

function isSteady(node: Node): boolean {
  return node.ready === true && isRenewed(node) && node.kubeletFor >= steady;
}
