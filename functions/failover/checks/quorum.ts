/** Who may be believed, and who can still write: the majorities that a fence rests on. */
import type { Node, State, Volume } from './check.ts';

/** Seconds: a kubelet renews its Lease each ten. */
const renewal = 12;

/** Whether the node's Lease is renewed as it should be. */
export function isRenewed({ renews, unrenewedFor }: Node): boolean {
  return renews && unrenewedFor < renewal;
}

/**
 * Whether more than half of all nodes are well. Otherwise it may be this function's own node that
 * is cut off, or the API server that stores nothing.
 */
export function isMostWell({ nodes }: State): boolean {
  const well = nodes.filter(({ answers, unrenewedFor }) => answers && unrenewedFor < renewal);
  return well.length > nodes.length / 2;
}

/**
 * Whether the node can write to no volume, whatever it reaches: a write counts on more than half of
 * the copies, and too many servers refuse it. The one on the node itself is not counted on.
 */
export function isShutOut(node: Node, volume: Volume | undefined): boolean {
  if (!volume) return true;
  const refusing = volume.servers.filter(
    (server) => server.node !== node.name && shuts(server.shut, node),
  );
  return refusing.length >= neededToShut(volume.copies);
}

/** Whether any server refuses it. */
export function isShutSomewhere(node: Node, volume: Volume | undefined): boolean {
  return volume?.servers.some(({ shut = [] }) => overlaps(shut, node)) ?? false;
}

/**
 * How many servers of so many must refuse a client for the others not to suffice. Of an even number half suffice to
 * Gluster where the first is among them (`cluster.quorum-type auto`).
 */
export function neededToShut(copies: number): number {
  const quorum = Math.ceil(copies / 2);
  return copies - quorum + 1;
}

/** Of a node whose addresses are not known nobody can tell. */
function shuts(shut: string[] | undefined, { addresses }: Node): boolean {
  if (shut === undefined || addresses.length === 0) return false;
  return addresses.every((address) => shut.includes(address));
}

function overlaps(shut: string[], { addresses }: Node): boolean {
  return addresses.some((address) => shut.includes(address));
}
