import type { StoredDefinition } from '../../lib/fabric/definition.ts';
import type { PeerClient } from '../../lib/fabric/peer.ts';
import { refOf } from '../../lib/kubernetes/client.ts';
import { labels, type Channel } from '../../lib/network.ts';
import type { Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { selectorOf } from '../resources/names.ts';
import { approve } from './approvals.ts';
import { alone, firstOfEach, report, type Report } from './deploy.ts';

/**
 * Has what is committed on a channel and not in its spec (any more) run nowhere: a definition
 * stays on the channel for good, but each organization approves it without a package, and then
 * its peers stop it and do not launch it again.
 */
export async function withdraw(
  pass: Pass,
  channel: Channel,
  members: readonly Reachable[],
): Promise<Report> {
  return alone(pass, `the chaincodes that ${channel.name} had`, async () => {
    const peers = await Promise.all(
      members.map(async (member) => ({ member, peer: await pass.peer(member) })),
    );
    const each = firstOfEach(peers).map(async (peer) => {
      const committed = await peer.committedDefinitions(channel.name);
      const gone = committed.filter(({ name }) => !has(channel, name));
      await Promise.all(gone.map((one) => withdrawOne(pass, channel.name, one, peer)));
    });
    await Promise.all(each);
    return report();
  });
}

async function withdrawOne(
  pass: Pass,
  channel: string,
  { name, version, sequence, validationParameter, collections, initRequired }: StoredDefinition,
  peer: PeerClient,
): Promise<void> {
  const approved = await peer.queryApproved(channel, name, sequence);
  if (approved?.packageId === undefined) return;
  const same = { endorsementPolicy: validationParameter, collections, initRequired };
  await approve(pass, channel, { name, version, sequence, ...same }, undefined, peer);
  pass.clients.log.info({ channel, chaincode: name }, 'withdrawn');
}

/** Removes the Deployments that peers made of chaincodes which no channel has (any more). */
export async function removeStrays({ clients: { kubernetes }, plan }: Pass): Promise<void> {
  const of = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: plan.id.namespace };
  const selector = `${selectorOf(plan.id)},${labels.component}=chaincode`;
  const strays = (await kubernetes.list(of, selector)).filter(({ metadata }) => {
    const name = metadata.labels?.[labels.chaincode] ?? '';
    return !plan.spec.channels.some((channel) => has(channel, name));
  });
  await Promise.all(strays.map((stray) => kubernetes.remove(refOf(stray))));
}

const has = ({ chaincodes }: Channel, name: string): boolean =>
  chaincodes.some((chaincode) => chaincode.name === name);
