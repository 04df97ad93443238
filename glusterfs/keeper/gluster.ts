import { CommandError, run } from '../../scripts/lib/shell.ts';
import { volume } from './options.ts';
import { parseBricks, parseHeal, parsePeers, parseVolume } from './pool.ts';
import type { Brick, Heal, Peer, Volume } from './pool.ts';

/** Milliseconds. The command hangs on a lock that a lost server holds; glusterd gives that up after 3 minutes. */
const toLook = 15_000;
/** Resetting a brick ends and starts daemons on every server. */
const toChange = 90_000;

/** What this server's glusterd says and does, by Gluster's own command. All calls end by a deadline. */
export const gluster = {
  peers: async (): Promise<Peer[]> => parsePeers(await look(['peer', 'status'])),
  /** The hosts that another server has as peers; undefined when it does not answer. */
  peersOf: async (host: string): Promise<string[] | undefined> => {
    const said = await look([`--remote-host=${host}`, 'peer', 'status']).catch(() => undefined);
    return said === undefined ? undefined : parsePeers(said).map((peer) => peer.host);
  },
  volume: async (): Promise<Volume | undefined> =>
    parseVolume(await look(['volume', 'info', 'all'])),
  /** None while another command holds the volume. */
  bricks: async (): Promise<Brick[]> => parseBricks(await look(['volume', 'status', volume])),
  /** The port that clients are told for this server's brick; undefined when they are told none. */
  portOf: async (brick: string): Promise<number | undefined> => {
    // Asked as clients ask: the daemon's local socket knows nothing of ports.
    const ask = ['--remote-host=127.0.0.1', 'system::', 'portmap', 'brick2port', brick];
    return Number(await look(ask).catch(unlessNone)) || undefined;
  },
  behind: async (): Promise<Heal[]> =>
    parseHeal(await look(['volume', 'heal', volume, 'info', 'summary'])),

  probe: (host: string) => change(['peer', 'probe', host]),
  create: (bricks: string[]) =>
    change(['volume', 'create', volume, 'replica', String(bricks.length), ...bricks, 'force']),
  start: () => change(['volume', 'start', volume]),
  /** Starts what of its bricks does not run. */
  startBricks: () => change(['volume', 'start', volume, 'force']),
  set: (options: Readonly<Record<string, string>>) =>
    change(['volume', 'set', volume, ...Object.entries(options).flat()]),
  /** Has the healers look. */
  heal: () => change(['volume', 'heal', volume]),
  /** Takes an empty folder for what the brick was; the other bricks fill it. */
  reset: async (brick: string): Promise<void> => {
    await change(['volume', 'reset-brick', volume, brick, 'start']);
    await change(['volume', 'reset-brick', volume, brick, brick, 'commit', 'force']);
  },
};

export type Gluster = typeof gluster;

/** Where there is no port the command fails and says nothing; of anything else that is wrong it says what. */
function unlessNone(error: unknown): string {
  if (error instanceof CommandError && error.message.endsWith('ended with 1')) return '';
  throw error;
}

async function look(args: string[]): Promise<string> {
  return run('gluster', ['--mode=script', '--xml', ...args], { timeout: toLook });
}

async function change(args: string[]): Promise<void> {
  await run('gluster', ['--mode=script', ...args], { timeout: toChange });
}
