import { Unavailable } from '../../lib/errors.ts';
import { sameDefinition, type Definition } from '../../lib/fabric/lifecycle.ts';
import { chaincodePackage, type ChaincodePackage } from '../../lib/fabric/package.ts';
import type { PeerClient } from '../../lib/fabric/peer.ts';
import type { Chaincode, Channel } from '../../lib/network.ts';
import { until } from '../../lib/until.ts';
import { filesOf } from '../chaincode-source.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { running } from './running.ts';
import { type Step, unless } from './step.ts';

/** Milliseconds for what needs the orderers to have chosen a leader. */
const consensusMs = 45_000;

/** Every chaincode installed, approved by each organization, committed, and running. */
export const chaincodes: Step = {
  name: 'chaincodes',
  after: ['joins'],
  async run(pass) {
    const pods = await listPods(pass.clients.kubernetes, pass.plan, 'peer');
    const { up, down } = reachable(membersOf(pass.plan, 'peer', pods));
    const missing = [...down];
    for (const channel of pass.plan.spec.channels) {
      const members = up.filter(({ group }) => channel.organizations.includes(group.organization));
      const absent = channel.organizations.filter(
        (name) => !members.some(({ group }) => group.organization === name),
      );
      // Every organization approves for itself: one without any peer holds the channel up.
      if (absent.length > 0) missing.push(...absent.map((name) => `a peer of ${name}`));
      else missing.push(...(await deployAll(pass, channel, members)));
    }
    return unless(missing);
  },
};

async function deployAll(pass: Pass, channel: Channel, members: Reachable[]): Promise<string[]> {
  const waiting: string[] = [];
  for (const chaincode of channel.chaincodes) {
    const packed = await pack(pass, chaincode);
    const peers = await Promise.all(members.map((member) => pass.peer(member)));
    await Promise.all(peers.map((peer) => install(peer, packed)));
    await agree(pass, channel, chaincode, packed.packageId, firstOfEach(members, peers));
    waiting.push(...(await running(pass, channel.name, chaincode.name, packed, members)));
  }
  return waiting;
}

/** The package's label is the chaincode's name: pods bear it, and a version may be anything. */
async function pack(pass: Pass, chaincode: Chaincode): Promise<ChaincodePackage> {
  const label = chaincode.name;
  return chaincode.image === undefined
    ? chaincodePackage({ label, type: 'node', files: await filesOf(pass, chaincode) })
    : chaincodePackage({ label, type: 'image', image: chaincode.image });
}

async function install(peer: PeerClient, { packageId, bytes }: ChaincodePackage): Promise<void> {
  const installed = await peer.installedPackages();
  if (!installed.some((one) => one.packageId === packageId)) await peer.install(bytes);
}

/** One peer of each organization, in the order of the members. */
function firstOfEach(members: readonly Reachable[], peers: readonly PeerClient[]): PeerClient[] {
  const first = new Map<string, PeerClient>();
  members.forEach(({ group }, index) => {
    const peer = peers[index];
    if (peer && !first.has(group.organization)) first.set(group.organization, peer);
  });
  return [...first.values()];
}

/** Brings a definition to be approved by each organization and committed on the channel. */
async function agree(
  pass: Pass,
  { name: channel }: Channel,
  chaincode: Chaincode,
  packageId: string,
  peers: readonly PeerClient[],
): Promise<void> {
  const [first] = peers;
  if (!first) return;
  const wanted = definition(chaincode, 1);
  const committed = await first.queryCommitted(channel, chaincode.name);
  const holds = committed !== undefined && sameDefinition(wanted, committed);
  const sequence = holds ? committed.sequence : (committed?.sequence ?? 0) + 1;
  const next = { ...wanted, sequence };
  const transact = retrying(pass);
  await Promise.all(
    peers.map(async (peer) => {
      const approved = await peer.queryApproved(channel, chaincode.name, sequence);
      if (approved && approved.packageId === packageId && sameDefinition(next, approved)) return;
      await transact('an approval', () =>
        pass.clients.fabric.approve(peer, channel, next, packageId),
      );
    }),
  );
  if (!holds) {
    await transact('a commit', () => pass.clients.fabric.commit(peers, channel, next));
  }
}

function definition({ name, version, endorsement }: Chaincode, sequence: number): Definition {
  return { name, version, sequence, ...(endorsement && { endorsementPolicy: endorsement }) };
}

/** A channel just made has no leader for some seconds: until then orderers answer Unavailable. */
function retrying(pass: Pass) {
  return <T extends object>(what: string, transact: () => Promise<T>): Promise<T> =>
    until(
      {
        what: `the orderers to take ${what}`,
        timeoutMs: consensusMs,
        firstMs: 250,
        signal: pass.signal,
        final: (error) => !(error instanceof Unavailable),
      },
      transact,
    );
}
