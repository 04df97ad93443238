import type { UnsealKeys, VaultMember } from '../../lib/vault/members.ts';
import type { VaultPeers } from '../../lib/vault/peers.ts';
import { unseal } from './unseal.ts';

/**
 * Has the others forget who a member was that lost its disk, and lets it in as another: it joins when it is unsealed.
 * Each step may be done already.
 *
 * @param name what the others call it
 * @param keys see {@link unseal}
 * @returns whether it changed anything
 * @throws Unavailable when the others do not agree, or it is not let in
 */
export async function replace(
  member: VaultMember,
  { name, peers }: { name: string; peers: VaultPeers },
  keys: () => Promise<UnsealKeys | undefined>,
): Promise<boolean> {
  // What was seen a moment ago is looked at once more: one that has its disk could never come back.
  const counted = (await peers.list()).some((peer) => peer.name === name && peer.voter);
  const isDue = counted && !(await member.hasData());
  if (isDue) await peers.remove(name);
  return (await unseal(member, keys)) || isDue;
}
