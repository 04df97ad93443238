/** What the servers know of each other and of the volume, read out of `gluster --xml`. Pure. */
import { count, element, elements } from './xml.ts';

/** Another server, as one sees it. */
export interface Peer {
  host: string;
  connected: boolean;
  /** The two agree on all that the pool holds. */
  befriended: boolean;
}

export interface Brick {
  host: string;
  online: boolean;
  /** Of its process; not positive where there is none. */
  pid: number;
}

export interface Volume {
  started: boolean;
  /** Those that were set, by name. */
  options: Record<string, string>;
}

/** How far a brick is behind, in files. */
export interface Heal {
  host: string;
  pending: number;
  splitBrain: number;
}

/** What glusterd calls «Peer in Cluster». */
const inCluster = 3;

/** Of `gluster peer status`. */
export function parsePeers(xml: string): Peer[] {
  return elements(xml, 'peer').map((peer) => ({
    // Also what another server calls it; all of ours use the same names.
    host: element(peer, 'hostname'),
    connected: element(peer, 'connected') === '1',
    befriended: count(peer, 'state') === inCluster,
  }));
}

/** Of `gluster volume info`; undefined where there is no such volume. */
export function parseVolume(xml: string): Volume | undefined {
  const [found] = elements(xml, 'volume');
  if (found === undefined) return undefined;
  const options = elements(found, 'option').map((option): [string, string] => [
    element(option, 'name'),
    element(option, 'value'),
  ]);
  return {
    started: element(found, 'statusStr') === 'Started',
    options: Object.fromEntries(options),
  };
}

/** Of `gluster volume status`: the bricks, without the daemons beside them. */
export function parseBricks(xml: string): Brick[] {
  return elements(xml, 'node')
    .filter((node) => element(node, 'path').startsWith('/'))
    .map((node) => {
      const pid = count(node, 'pid');
      return {
        host: element(node, 'hostname'),
        online: element(node, 'status') === '1' && pid > 0,
        pid,
      };
    });
}

/** Of `gluster volume heal VOLUME info summary`: the bricks that could be asked. */
export function parseHeal(xml: string): Heal[] {
  return elements(xml, 'brick')
    .filter((brick) => element(brick, 'status') === 'Connected')
    .map((brick) => ({
      host: element(brick, 'name').split(':')[0] ?? '',
      pending: count(brick, 'numberOfEntriesInHealPending'),
      splitBrain: count(brick, 'numberOfEntriesInSplitBrain'),
    }));
}
