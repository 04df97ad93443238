import { Unavailable, Unprocessable } from '../../lib/errors.ts';
import { sameDefinition, type Definition } from '../../lib/fabric/lifecycle.ts';
import type { PeerClient } from '../../lib/fabric/peer.ts';
import type { Chaincode } from '../../lib/network.ts';
import { until } from '../../lib/until.ts';
import type { Decision } from '../chaincode-decision.ts';
import type { Pass } from '../pass.ts';

/** Milliseconds for what needs the orderers to have chosen a leader. */
const consensusMs = 45_000;

/** What organizations are to agree on: a decision that has its package. */
export type Agreement = Decision & { packageId: string };

/**
 * Brings a definition to be approved by each organization and committed on the channel.
 *
 * @param peers one of each organization; the first knows the channel's newest definition
 */
export async function agree(
  pass: Pass,
  channel: string,
  chaincode: Chaincode,
  { sequence, packageId }: Agreement,
  peers: readonly PeerClient[],
): Promise<void> {
  const [first] = peers;
  if (!first) return;
  const wanted = definition(chaincode, sequence);
  await Promise.all(peers.map((peer) => approve(pass, channel, wanted, packageId, peer)));
  await retrying(pass)('a commit', {
    holds: async () => {
      const now = await first.queryCommitted(channel, chaincode.name);
      return now?.sequence === sequence && sameDefinition(wanted, now);
    },
    change: () => pass.clients.fabric.commit(peers, channel, wanted),
  });
}

/** Has a peer's organization approve a definition; without a package it runs none of it. */
export function approve(
  pass: Pass,
  channel: string,
  wanted: Definition,
  packageId: string | undefined,
  peer: PeerClient,
): Promise<true> {
  return retrying(pass)('an approval', {
    holds: async () => {
      const approved = await peer.queryApproved(channel, wanted.name, wanted.sequence);
      if (!approved) return false;
      return approved.packageId === packageId && sameDefinition(wanted, approved);
    },
    change: () => pass.clients.fabric.approve(peer, channel, wanted, packageId),
  });
}

export function definition(
  { name, version, endorsement }: Chaincode,
  sequence: number,
): Definition {
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
