import { Unavailable, Unprocessable } from '../../lib/errors.ts';
import { sameDefinition, type Definition } from '../../lib/fabric/lifecycle.ts';
import { chaincodePackage, type ChaincodePackage } from '../../lib/fabric/package.ts';
import type { PeerClient } from '../../lib/fabric/peer.ts';
import type { Chaincode, Channel } from '../../lib/network.ts';
import { until } from '../../lib/until.ts';
import { filesOf } from '../chaincode-source.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { running, type Lacking } from './running.ts';
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
    const silent: string[] = [];
    for (const channel of pass.plan.spec.channels) {
      const members = up.filter(({ group }) => channel.organizations.includes(group.organization));
      const absent = channel.organizations.filter(
        (name) => !members.some(({ group }) => group.organization === name),
      );
      // Every organization approves for itself: one without any peer holds the channel up.
      if (absent.length > 0) missing.push(...absent.map((name) => `a peer of ${name}`));
      else {
        const lacking = await deployAll(pass, channel, members);
        missing.push(...lacking.flatMap(({ starting }) => starting));
        silent.push(...lacking.flatMap((one) => one.silent));
      }
    }
    return unless(missing, silent);
  },
};

async function deployAll(pass: Pass, channel: Channel, members: Reachable[]): Promise<Lacking[]> {
  const waiting: Lacking[] = [];
  for (const chaincode of channel.chaincodes) {
    const packed = await pack(pass, chaincode);
    const peers = await Promise.all(members.map((member) => pass.peer(member)));
    await Promise.all(peers.map((peer) => install(peer, packed)));
    await agree(pass, channel, chaincode, packed.packageId, firstOfEach(members, peers));
    waiting.push(await running(pass, channel.name, chaincode.name, packed, members));
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
    peers.map((peer) =>
      transact('an approval', {
        holds: async () => {
          const approved = await peer.queryApproved(channel, chaincode.name, sequence);
          return approved?.packageId === packageId && sameDefinition(next, approved);
        },
        change: () => pass.clients.fabric.approve(peer, channel, next, packageId),
      }),
    ),
  );
  await transact('a commit', {
    holds: async () => {
      const now = await first.queryCommitted(channel, chaincode.name);
      return now?.sequence === sequence && sameDefinition(next, now);
    },
    change: () => pass.clients.fabric.commit(peers, channel, next),
  });
}

function definition({ name, version, endorsement }: Chaincode, sequence: number): Definition {
  return { name, version, sequence, ...(endorsement && { endorsementPolicy: endorsement }) };
}

/** A transaction, and whether there is no need of it (any more). */
interface Change {
  holds: () => Promise<boolean>;
  change: () => Promise<unknown>;
}

/**
 * Looks before each attempt, and once more when refused: one whose fate was not known may have
 * come through, and peers refuse to do the same twice.
 */
async function settled({ holds, change }: Change): Promise<true> {
  if (await holds()) return true;
  try {
    await change();
  } catch (error) {
    if (!(error instanceof Unprocessable) || !(await holds())) throw error;
  }
  return true;
}

/** A channel just made has no leader for some seconds: until then orderers answer Unavailable. */
function retrying(pass: Pass) {
  return (what: string, change: Change): Promise<true> =>
    until(
      {
        what: `the orderers to take ${what}`,
        timeoutMs: consensusMs,
        firstMs: 250,
        signal: pass.signal,
        final: (error) => !(error instanceof Unavailable),
      },
      () => settled(change),
    );
}
