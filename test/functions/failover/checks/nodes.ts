import type { Node, Volume } from '../../../../functions/failover/checks/check.ts';

/** A node that is well, but for what is said; `n` is the last part of its name and address. */
export function node(n: number, more: Partial<Node> = {}): Node {
  return {
    kind: 'node',
    name: `node-${n}`,
    uid: `uid-node-${n}`,
    addresses: [`10.0.0.${n}`],
    ready: true,
    outBy: undefined,
    answers: true,
    kubeletFor: 60,
    unrenewedFor: 4,
    renews: true,
    bound: [],
    strays: undefined,
    ...more,
  };
}

/** A node of which nothing was heard for so many seconds. */
export function silent(n: number, seconds: number, more: Partial<Node> = {}): Node {
  const heard = { answers: false, kubeletFor: seconds, unrenewedFor: seconds, renews: false };
  return node(n, { ...heard, ...more });
}

/** A volume with a copy on each of three nodes; `shut` is whom each keeps out, `null` when it is silent. */
export function volume(...shut: (string[] | null)[]): Volume {
  const servers = [1, 2, 3].map((n) => ({
    name: `glusterfs-${n - 1}`,
    node: `node-${n}`,
    keeper: `10.1.0.${n}`,
    shut: shut[n - 1] === null ? undefined : (shut[n - 1] ?? []),
  }));
  return { copies: 3, servers };
}

export const pod = { namespace: 'selvedge-net-supply', name: 'farm-peer-0', uid: 'p' };
