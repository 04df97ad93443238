import { Unavailable } from '../../lib/errors.ts';
import type { ChannelStatus, Participation } from '../../lib/fabric/participation.ts';
import type { Channel } from '../../lib/network.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { ports } from '../resources/names.ts';
import { genesisBlock } from './genesis.ts';
import type { Fault } from '../fault.ts';
import { type Outcome, type Step, unless } from './step.ts';

/**
 * What is to be done about an orderer and a channel: it takes part, it is to join, it is on its
 * way, it cannot, it only follows, or it has lost what it had.
 */
export type Membership = 'joined' | 'join' | 'joining' | 'failed' | 'follower' | 'lost';

/**
 * An orderer that took part and knows nothing of it has lost its disk, and with it whom it voted
 * for. To join by the first block would make a new Raft node of it: it panics as soon as the
 * leader tells it of blocks that it had.
 *
 * @param before whether it has joined the channel at any time
 */
export function decideJoin(status: ChannelStatus | undefined, before: boolean): Membership {
  if (!status) return before ? 'lost' : 'join';
  if (status.status === 'failed') return 'failed';
  if (status.status !== 'active') return 'joining';
  return status.consensusRelation === 'consenter' ? 'joined' : 'follower';
}

/** Every channel's first block, made once, and the orderers joined by it. */
export const channels: Step = {
  name: 'channels',
  after: ['orderers'],
  async run(pass) {
    const pods = await listPods(pass.clients.kubernetes, pass.plan, 'orderer');
    const { up, down } = reachable(membersOf(pass.plan, 'orderer', pods));
    const found = await Promise.all(
      pass.plan.spec.channels.map((channel) => joinAll(pass, channel, up)),
    );
    return outcomeOf(down, found.flat());
  },
};

/** How an orderer stands to a channel at the end of the step; `silent`: it did not answer. */
interface Standing {
  orderer: string;
  channel: string;
  is: Membership | 'silent';
}

/** Who has joined is kept: an orderer that comes back without its disk cannot tell. */
const joinedName = (channel: string): string => `joined/${channel}`;

async function joinAll(
  pass: Pass,
  channel: Channel,
  orderers: readonly Reachable[],
): Promise<Standing[]> {
  const { name } = channel;
  const kept = await pass.kept.read(joinedName(name));
  const before = (kept?.['members'] ?? []) as string[];
  const seen = await Promise.all(
    orderers.map((orderer) =>
      speak(pass, orderer, async (client) => ({ status: await client.info(name) })),
    ),
  );
  const known = orderers.filter((_, index) => seen[index]?.status).map((orderer) => orderer.name);
  const block = await genesisBlock(pass, channel, before.length + known.length > 0);
  const standings = await Promise.all(
    orderers.map(async (orderer, index): Promise<Standing> => {
      const base = { orderer: orderer.name, channel: name };
      const look = seen[index];
      if (!look) return { ...base, is: 'silent' };
      const first = decideJoin(look.status, before.includes(orderer.name));
      if (first !== 'join') return { ...base, is: first };
      const joined = await speak(pass, orderer, (client) => client.join(name, block));
      return { ...base, is: joined ? decideJoin(joined, true) : 'silent' };
    }),
  );
  const knowing = standings.filter(({ is }) => !['silent', 'lost'].includes(is));
  const members = [...new Set([...before, ...knowing.map(({ orderer }) => orderer)])].sort();
  if (members.length > before.length) await pass.kept.write(joinedName(name), { members });
  return standings;
}

/** The answer of an orderer, or undefined when there is none: the others go on without it. */
async function speak<T>(
  pass: Pass,
  { name, group, ip, host: hostname }: Reachable,
  ask: (orderer: Participation) => Promise<T>,
): Promise<T | undefined> {
  const [authorities, pair] = await Promise.all([
    pass.credentials.authorities(group.organization),
    pass.credentials.ordererAdmin(group.organization),
  ]);
  const address = `${ip}:${ports.ordererAdmin}`;
  try {
    return await ask(
      pass.clients.fabric.connectParticipation({
        address,
        hostname,
        tlsRoot: authorities.tls,
        ...pair,
      }),
    );
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    pass.clients.log.warn({ error, orderer: name }, 'orderer does not answer');
    return undefined;
  }
}

function outcomeOf(down: readonly string[], standings: readonly Standing[]): Outcome {
  const open = standings.filter(({ is }) => is === 'silent' || is === 'joining');
  const outcome = unless(
    down,
    open.map(({ orderer }) => orderer),
  );
  const faults = standings.flatMap((standing) => faultOf(standing) ?? []);
  const [first] = faults;
  if (!first) return outcome;
  const message = faults.map((fault) => fault.message).join('; ');
  return { ...outcome, broken: { reason: first.reason, message } };
}

function faultOf({ orderer, channel, is }: Standing): Fault | undefined {
  switch (is) {
    case 'lost':
      return {
        reason: 'ConsenterLostItsDisk',
        message:
          `${orderer} has lost its ledger of ${channel} and takes no part any more: it cannot ` +
          `know whom it voted for. Restore its volume data-${orderer} from a backup, or replace ` +
          `it by an update of the channel. The other orderers go on without it, and none of ` +
          `them may be lost that their majority needs`,
      };
    case 'failed':
      return { reason: 'ConsenterFailed', message: `${orderer} cannot take part in ${channel}` };
    case 'follower':
      return {
        reason: 'NotAConsenter',
        message: `${orderer} is no consenter of ${channel}: the channel's configuration lacks it`,
      };
    default:
      return undefined;
  }
}
