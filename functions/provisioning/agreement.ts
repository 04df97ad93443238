/** Whether a channel works: enough of its orderers follow a leader, and its peers keep up. */
import { SelvedgeError } from '../lib/errors.ts';
import type { OrdererClient } from '../lib/fabric/orderer.ts';
import type { Channel } from '../lib/network.ts';
import { listPods, membersOf, reachable, type Reachable } from './members.ts';
import type { Pass } from './pass.ts';

/** What the members of a channel that can be reached say of it. */
export interface ChannelView {
  channel: string;
  /** Blocks of an orderer that follows a leader; undefined where it has none, or no such channel. */
  orderers: { name: string; height: number | undefined }[];
  /** Blocks that a peer has committed; undefined where it does not answer. */
  peers: { name: string; height: number | undefined }[];
}

/**
 * Blocks by which a member may be behind and still keep up: at the highest rate, with a block
 * every 100 ms, that is 10 s.
 */
const mostBehind = 100;

/**
 * What a channel lacks, in words that complete "waiting for …"; nothing when it works.
 *
 * @param needed how many orderers must follow a leader
 */
export function lackOf({ channel, orderers, peers }: ChannelView, needed: number): string[] {
  const following = orderers.filter(({ height }) => height !== undefined);
  const top = Math.max(0, ...[...orderers, ...peers].map(({ height = 0 }) => height));
  const lacking =
    following.length < needed
      ? [`a leader of ${channel} (${following.length} of ${orderers.length} orderers follow one)`]
      : [];
  const slow = [...following, ...peers]
    .filter(({ height = top }) => height < top - mostBehind)
    .map(({ name, height = 0 }) => `${name} to catch up with ${channel} (${height} of ${top})`);
  const silent = peers
    .filter(({ height }) => height === undefined)
    .map(({ name }) => `${name} to answer for ${channel}`);
  return [...lacking, ...silent, ...slow];
}

/** What any of the network's channels lacks now; `needed` as above. */
export async function lacking(pass: Pass, needed: number): Promise<string[]> {
  const pods = await listPods(pass.clients.kubernetes, pass.plan);
  const orderers = reachable(membersOf(pass.plan, 'orderer', pods)).up;
  const peers = reachable(membersOf(pass.plan, 'peer', pods)).up;
  const views = await Promise.all(
    pass.plan.spec.channels.map((channel) => viewOf(pass, channel, orderers, peers)),
  );
  return views.flatMap((view) => lackOf(view, needed));
}

async function viewOf(
  pass: Pass,
  { name: channel, organizations }: Channel,
  orderers: readonly Reachable[],
  peers: readonly Reachable[],
): Promise<ChannelView> {
  const mine = peers.filter(({ group }) => organizations.includes(group.organization));
  const [ordering, committing] = await Promise.all([
    Promise.all(
      orderers.map(async (member) => ({
        name: member.name,
        height: await answered(() => ordererHeight(pass, member, channel)),
      })),
    ),
    Promise.all(
      mine.map(async (member) => ({
        name: member.name,
        height: await answered(async () => (await pass.peer(member)).blockHeight(channel)),
      })),
    ),
  ]);
  return { channel, orderers: ordering, peers: committing };
}

/** Those of a channel's orderers that follow a leader now. */
export async function following(
  pass: Pass,
  orderers: readonly Reachable[],
  channel: string,
): Promise<OrdererClient[]> {
  const found = await Promise.all(
    orderers.map(async (member) => {
      const client = await pass.orderer(member);
      return (await answered(() => client.position(channel))) && client;
    }),
  );
  return found.filter((client) => client !== undefined);
}

async function ordererHeight(
  pass: Pass,
  member: Reachable,
  channel: string,
): Promise<number | undefined> {
  return (await (await pass.orderer(member)).position(channel))?.height;
}

/** Undefined where a member does not answer, does not know the channel or does not serve it. */
async function answered<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SelvedgeError) return undefined;
    throw error;
  }
}
