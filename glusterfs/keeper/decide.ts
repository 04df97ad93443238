/** What a server does next for the pool and the volume: pure, and the same on every server. */
import { missingOptions } from './options.ts';
import type { Brick, Heal, Peer, Volume } from './pool.ts';

/** Another server that was asked itself. */
export interface Other {
  host: string;
  /** The servers that it has as peers; undefined when it did not answer. */
  knows: string[] | undefined;
}

export interface State {
  /** The host name of this server. */
  me: string;
  /** Those of all, in the order of their pods. */
  servers: readonly string[];
  peers: readonly Peer[];
  /** Asked only while this server misses one of them. */
  others: readonly Other[];
  volume: Volume | undefined;
  /** None when another command holds the volume: then nobody knows. */
  bricks: readonly Brick[];
  /** What is behind, asked by the server that speaks for all: to find out costs much. */
  heal: readonly Heal[];
  /** Whether this server's brick has been made a part of the volume, to the end: not so on a new disk. */
  brickBelongs: boolean;
  /** Whether clients come to this server's brick: glusterd may run it, and not tell them where. */
  brickIsFound: boolean;
  /** Whether a client has a link to it all the same, from before. Asked only while it is not found. */
  brickIsUsed: boolean;
  /** Files that others lack by this brick's word. Asked only while it is not found. */
  brickOwes: number;
  /** Seconds since peers, volume or bricks looked any different. */
  unchangedFor: number;
}

export type Step =
  | { do: 'probe'; host: string }
  | { do: 'restart-glusterd' }
  | { do: 'create-volume' }
  | { do: 'start-volume' }
  | { do: 'set-options'; options: Record<string, string> }
  | { do: 'reset-brick' }
  | { do: 'start-brick' }
  | { do: 'restart-brick'; pid: number }
  | { do: 'heal' }
  | { do: 'wait'; for: string }
  | { do: 'nothing' };

/** Seconds in which the servers come to terms, and a brick comes up, by themselves. */
const patience = 8;

/** Whether the servers have looked the same for long enough to be believed. */
export const isSettled = ({ unchangedFor }: State): boolean => unchangedFor >= patience;

/** The first rule that has something to say holds. */
export function decide(state: State): Step {
  for (const rule of [pool, volume, brick, heal]) {
    const step = rule(state);
    if (step) return step;
  }
  return { do: 'nothing' };
}

/** All servers have each other as peers. */
function pool(state: State): Step | undefined {
  return join(state) ?? reconcile(state) ?? form(state);
}

/** Another knows this one, which knows nobody: it has lost its disk. The first to answer tells it all. */
function join({ me, peers, others }: State): Step | undefined {
  const friend = others.find(({ knows }) => knows?.includes(me));
  return peers.length === 0 && friend ? { do: 'probe', host: friend.host } : undefined;
}

/** The first server makes the pool, once: when all are there, so that it cannot make a second one beside a first. */
function form(state: State): Step | undefined {
  const { me, servers, others } = state;
  const missing = missingServers(state);
  if (missing.length === 0) return undefined;
  if (me !== servers[0]) return { do: 'wait', for: `${servers[0] ?? 'nobody'} to make the pool` };
  const silent = others.find(({ knows }) => knows === undefined);
  if (silent) return { do: 'wait', for: `${silent.host} to answer` };
  const next = others.find(({ host, knows }) => missing.includes(host) && knows?.length === 0);
  return next ? { do: 'probe', host: next.host } : { do: 'wait', for: 'the servers to agree' };
}

/** glusterd takes over the volumes of a pool it came back to only when it starts. */
function reconcile({ peers, volume, unchangedFor }: State): Step | undefined {
  const stranger = peers.find(({ connected, befriended }) => connected && !befriended);
  if (!stranger) return undefined;
  if (!volume && unchangedFor >= patience) return { do: 'restart-glusterd' };
  return { do: 'wait', for: `${stranger.host} to agree` };
}

/** There is one volume over all servers, it is started, and it has the options. */
function volume(state: State): Step | undefined {
  const { servers, volume: had } = state;
  const connected = connectedServers(state);
  if (connected.length <= servers.length / 2) return { do: 'wait', for: 'a majority of servers' };
  if (!speaks(state)) return undefined;
  if (!had) {
    const all = connected.length === servers.length;
    return all ? { do: 'create-volume' } : { do: 'wait', for: 'all servers' };
  }
  if (!had.started) return { do: 'start-volume' };
  const options = missingOptions(had.options);
  return Object.keys(options).length > 0 ? { do: 'set-options', options } : undefined;
}

/** This server's brick serves. */
function brick(state: State): Step | undefined {
  const { me, volume, bricks, brickBelongs, unchangedFor } = state;
  if (!volume?.started) return { do: 'wait', for: 'the volume' };
  // Three servers that took this for a brick that does not serve kept each other from finding out.
  if (bricks.length === 0) return { do: 'wait', for: 'the volume to be free' };
  const own = bricks.find(({ host }) => host === me);
  if (own?.online && brickBelongs) return find(state, own);
  if (unchangedFor < patience) return { do: 'wait', for: 'the brick' };
  return brickBelongs ? { do: 'start-brick' } : { do: 'reset-brick' };
}

/** Clients find it. Of one that glusterd took for failed, and that runs, it tells nobody until it starts it again. */
function find(state: State, own: Brick): Step | undefined {
  const { bricks, brickIsFound, brickIsUsed, brickOwes, unchangedFor } = state;
  if (brickIsFound) return undefined;
  if (unchangedFor < patience) return { do: 'wait', for: 'the brick to be found' };
  // Who is linked to it goes on without it for a moment, on what the others have.
  const isNeeded = brickOwes > 0 || bricks.some(({ online }) => !online);
  if (brickIsUsed && isNeeded) return { do: 'wait', for: 'the other bricks' };
  return { do: 'restart-brick', pid: own.pid };
}

/** What is behind is brought up now; Gluster's own healers look every ten minutes. */
function heal(state: State): Step | undefined {
  const isBehind = state.heal.some(({ pending }) => pending > 0);
  return isBehind && state.unchangedFor >= patience && speaks(state) ? { do: 'heal' } : undefined;
}

type Pool = Pick<State, 'me' | 'servers' | 'peers'>;

function connectedServers({ me, peers }: Pool): string[] {
  return [me, ...peers.filter(({ connected }) => connected).map(({ host }) => host)];
}

/** One server speaks for all: the first of those that are there. */
export function speaks(state: Pool): boolean {
  const connected = connectedServers(state);
  return state.me === state.servers.find((host) => connected.includes(host));
}

/** The servers that this one does not have as peers. */
export function missingServers({ me, servers, peers }: Pool) {
  return servers.filter((host) => host !== me && !peers.some((peer) => peer.host === host));
}
