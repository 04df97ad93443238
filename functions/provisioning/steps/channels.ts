import { isRetryable, SelvedgeError } from '../../lib/errors.ts';
import type { Channel } from '../../lib/network.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { readRoll, type Roll } from '../roll.ts';
import { admission } from './admission.ts';
import { keptConfiguration } from './configuration.ts';
import { genesisBlock } from './genesis.ts';
import { speak } from './participation.ts';
import { decideJoin, outcomeOf, type Standing } from './standing.ts';
import type { Step } from './step.ts';

/** Every channel's first block, made once, and the orderers joined by it, or by a later one. */
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

interface Seen extends Standing {
  member: Reachable;
}

async function joinAll(
  pass: Pass,
  channel: Channel,
  orderers: readonly Reachable[],
): Promise<Standing[]> {
  const roll = await readRoll(pass, channel.name);
  const seen = await Promise.all(
    orderers.map((orderer) => look(pass, channel.name, orderer, roll)),
  );
  const isMember = ({ is }: Standing): boolean => !['silent', 'join', 'lost'].includes(is);
  const block = await genesisBlock(pass, channel, roll.size > 0 || seen.some(isMember));
  // Whoever has never joined does so by the first block while that is the configuration.
  const isFirst = ((await keptConfiguration(pass, channel.name))?.number ?? 0) === 0;
  const joined = await Promise.all(
    seen.map(async (one) => (one.is === 'join' && isFirst ? join(pass, one, block) : one)),
  );
  await roll.add(joined.filter(isMember).map(({ orderer }) => orderer));
  return readmit(pass, joined, roll);
}

async function look(pass: Pass, channel: string, member: Reachable, roll: Roll): Promise<Seen> {
  const base = { orderer: member.name, channel, member };
  const answer = await speak(pass, member, async (client) => ({
    status: await client.info(channel),
  }));
  return { ...base, is: answer ? decideJoin(answer.status, roll.has(member.name)) : 'silent' };
}

async function join(pass: Pass, one: Seen, block: Uint8Array): Promise<Seen> {
  const status = await speak(pass, one.member, (client) => client.join(one.channel, block));
  return { ...one, is: status ? decideJoin(status, true) : 'silent' };
}

/**
 * Takes back those that have nothing of the channel, one at a time: first whoever is on its way
 * already, and the next when the one before takes part.
 */
async function readmit(pass: Pass, standings: readonly Seen[], roll: Roll): Promise<Standing[]> {
  const isOut = ({ is }: Standing): boolean => is === 'join' || is === 'lost';
  const members = standings.map(({ member }) => member);
  const after = standings.filter((one) => !isOut(one));
  // One that is to `join` is on its way already; one that is `lost` has not begun.
  const order = standings
    .filter(isOut)
    .sort((a, b) => Number(a.is === 'lost') - Number(b.is === 'lost'));
  for (const [index, one] of order.entries()) {
    const others = members.filter((member) => member !== one.member);
    const now = await readmitOne(pass, one, others, roll);
    after.push(now);
    if (now.is !== 'joined') return [...after, ...order.slice(index + 1)];
  }
  return after;
}

async function readmitOne(
  pass: Pass,
  one: Seen,
  others: readonly Reachable[],
  roll: Roll,
): Promise<Seen> {
  const { channel, member } = one;
  try {
    const block = await admission(pass, { channel, orderer: member, others, roll });
    if (!block) return { ...one, is: 'lost', why: stays(pass) };
    const now = await join(pass, one, block);
    if (now.is !== 'silent') await roll.add([member.name]);
    return now;
  } catch (error) {
    if (!(error instanceof SelvedgeError)) throw error;
    pass.clients.log.warn({ error, orderer: member.name, channel }, 'orderer not replaced');
    return { ...one, why: `It was not replaced: ${error.message}`, retry: isRetryable(error) };
  }
}

function stays({ plan }: Pass): string {
  return plan.spec.consensus.type === 'bft'
    ? 'An orderer of BFT is not replaced by itself: replace it by an update of the channel'
    : 'It is replaced as soon as more than half of the orderers follow a leader: bring them back';
}
