import { isRetryable, SelvedgeError, Unavailable, Unprocessable } from '../../lib/errors.ts';
import type { ChaincodePackage } from '../../lib/fabric/package.ts';
import type { CommittedDefinition, PeerClient } from '../../lib/fabric/peer.ts';
import type { Chaincode, Channel } from '../../lib/network.ts';
import { VaultUnavailable } from '../../lib/vault/client.ts';
import { decide } from '../chaincode-decision.ts';
import { packageOf } from '../chaincode-source.ts';
import type { Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { agree, definition, type Agreement } from './approvals.ts';
import { running } from './running.ts';

/** How one chaincode stands at the end of its deployment, in words. */
export interface Report {
  /** What it waits for, where an event tells when that is there. */
  missing: string[];
  /** What it waits for without any event: the pass is to be repeated. */
  silent: string[];
  /** What will not mend by itself. */
  broken: string[];
  /** What people should know although all is well. */
  notes: string[];
}

export const report = (parts: Partial<Report> = {}): Report => ({
  missing: [],
  silent: [],
  broken: [],
  notes: [],
  ...parts,
});

/** A peer and what it has as committed of one chaincode. */
interface View {
  member: Reachable;
  peer: PeerClient;
  committed: CommittedDefinition | undefined;
}

/**
 * Brings one chaincode to be installed, approved by each organization, committed, and running
 * beside every peer given. Its failure is its own: the others go on.
 *
 * @throws VaultUnavailable, which fails them all
 */
export async function deploy(
  pass: Pass,
  channel: Channel,
  chaincode: Chaincode,
  members: readonly Reachable[],
): Promise<Report> {
  return alone(pass, chaincode.name, async () => {
    const { views, silent } = await look(pass, channel.name, chaincode.name, members);
    // Every organization approves for itself: one without any peer holds it up.
    const absent = channel.organizations.filter(
      (name) => !views.some(({ member }) => member.group.organization === name),
    );
    if (absent.length > 0) {
      return report({ missing: absent.map((name) => `a peer of ${name}`), silent });
    }
    const packed = await packageOf(pass, chaincode);
    const decision = await decideOver(channel.name, chaincode, packed, views);
    await Promise.all(views.map(({ peer }) => install(peer, chaincode, decision, packed, views)));
    await agree(pass, channel.name, chaincode, decision, firstOfEach(views));
    const answering = views.map(({ member }) => member);
    const ran = await running(pass, channel.name, chaincode.name, decision.packageId, answering);
    const notes = decision.note ? [decision.note] : [];
    return report({ ...ran, silent: [...silent, ...ran.silent], notes });
  });
}

/**
 * Makes a report of what fails with one chaincode. What all would fail with, Vault being away or
 * the pass being over, is thrown on.
 */
export async function alone(
  pass: Pass,
  name: string,
  work: () => Promise<Report>,
): Promise<Report> {
  try {
    return await work();
  } catch (error) {
    pass.signal.throwIfAborted();
    if (!(error instanceof SelvedgeError) || error instanceof VaultUnavailable) throw error;
    pass.clients.log.error({ error, chaincode: name }, 'chaincode not deployed');
    return isRetryable(error)
      ? report({ silent: [`${name} (${error.message})`] })
      : report({ broken: [`${name}: ${error.message}`] });
  }
}

/** The peer with the highest sequence first: others may lag behind the channel. */
async function look(
  pass: Pass,
  channel: string,
  name: string,
  members: readonly Reachable[],
): Promise<{ views: View[]; silent: string[] }> {
  const silent: string[] = [];
  const seen = members.map(async (member) => {
    try {
      const peer = await pass.peer(member);
      return { member, peer, committed: await peer.queryCommitted(channel, name) };
    } catch (error) {
      if (!(error instanceof Unavailable) || error instanceof VaultUnavailable) throw error;
      silent.push(member.name);
      return undefined;
    }
  });
  const views = (await Promise.all(seen)).filter((view) => view !== undefined);
  const sequence = ({ committed }: View): number => committed?.sequence ?? 0;
  return { views: views.sort((a, b) => sequence(b) - sequence(a)), silent };
}

/** One peer of each organization, in the order given. */
export function firstOfEach(
  views: readonly { member: Reachable; peer: PeerClient }[],
): PeerClient[] {
  const first = new Map<string, PeerClient>();
  for (const { member, peer } of views) {
    if (!first.has(member.group.organization)) first.set(member.group.organization, peer);
  }
  return [...first.values()];
}

async function decideOver(
  channel: string,
  chaincode: Chaincode,
  packed: ChaincodePackage | Unprocessable,
  views: readonly View[],
): Promise<Agreement> {
  const committed = views[0]?.committed;
  const { sequence = 0 } = committed ?? {};
  const approvedAt = async (number: number) => {
    if (number < 1) return undefined;
    const asked = firstOfEach(views).map((peer) =>
      peer.queryApproved(channel, chaincode.name, number),
    );
    return (await Promise.all(asked)).find((one) => one?.packageId !== undefined);
  };
  const decision = decide({
    wanted: definition(chaincode, sequence),
    packageId: packed instanceof Unprocessable ? undefined : packed.packageId,
    committed,
    approved: (await approvedAt(sequence))?.packageId,
    before: await approvedAt(sequence - 1),
  });
  const { packageId } = decision;
  if (packageId !== undefined) return { ...decision, packageId };
  throw packed instanceof Unprocessable ? packed : new Error('a package without an id');
}

async function install(
  peer: PeerClient,
  chaincode: Chaincode,
  { packageId }: Agreement,
  packed: ChaincodePackage | Unprocessable,
  views: readonly View[],
): Promise<void> {
  if (await has(peer, packageId)) return;
  const isSource = !(packed instanceof Unprocessable) && packed.packageId === packageId;
  await peer.install(isSource ? packed.bytes : await bytesOf(packageId, chaincode, views));
}

const has = async (peer: PeerClient, packageId: string): Promise<boolean> =>
  (await peer.installedPackages()).some((one) => one.packageId === packageId);

/** A package that its source does not give any more, from a peer that has it. */
async function bytesOf(
  packageId: string,
  { name, version }: Chaincode,
  views: readonly View[],
): Promise<Uint8Array> {
  for (const { peer } of views) {
    if (await has(peer, packageId)) return peer.installedPackage(packageId);
  }
  throw new Unprocessable(
    `no peer has the package of version ${version} any more, and the source of ${name} gives ` +
      'another: a new version takes it up',
  );
}
