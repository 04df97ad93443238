import { Unavailable } from '../../lib/errors.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { keepConfiguration } from './configuration.ts';
import { knownGenesis } from './genesis.ts';
import { Refused } from '../fault.ts';
import { type Step, unless } from './step.ts';

/** Every peer in the channels of its organization. */
export const joins: Step = {
  name: 'joins',
  after: ['channels', 'peers'],
  async run(pass) {
    const pods = await listPods(pass.clients.kubernetes, pass.plan, 'peer');
    const { up, down } = reachable(membersOf(pass.plan, 'peer', pods));
    const missing = await Promise.all(up.map((peer) => joinAll(pass, peer)));
    await keepConfigurations(
      pass,
      up.filter((_, index) => missing[index] === undefined),
    );
    return unless(
      down,
      missing.filter((name) => name !== undefined),
    );
  },
};

/** One peer that has joined tells each channel's configuration; the next pass asks again. */
async function keepConfigurations(pass: Pass, peers: readonly Reachable[]): Promise<void> {
  for (const { name, organizations } of pass.plan.spec.channels) {
    const member = peers.find(({ group }) => organizations.includes(group.organization));
    if (!member) continue;
    try {
      const peer = await pass.peer(member);
      await keepConfiguration(pass, name, await peer.configBlock(name));
    } catch (error) {
      if (!(error instanceof Unavailable || error instanceof Refused)) throw error;
      pass.clients.log.warn({ error, channel: name }, 'configuration not kept');
    }
  }
}

/** The name of a peer that did not answer; the others go on without it. */
async function joinAll(pass: Pass, peer: Reachable): Promise<string | undefined> {
  const wanted = pass.plan.spec.channels.filter(({ organizations }) =>
    organizations.includes(peer.group.organization),
  );
  try {
    const client = await pass.peer(peer);
    const joined = await client.joinedChannels();
    for (const channel of wanted.filter(({ name }) => !joined.includes(name))) {
      const block = await knownGenesis(pass, channel.name);
      if (!block) throw new Unavailable(`${channel.name} has no first block`);
      await client.joinChannel(block);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    pass.clients.log.warn({ error, peer: peer.name }, 'peer cannot join yet');
    return peer.name;
  }
}
