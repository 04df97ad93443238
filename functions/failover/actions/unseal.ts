import { Unavailable } from '../../lib/errors.ts';
import { until } from '../../lib/until.ts';
import type { UnsealKeys, VaultMember } from '../../lib/vault/members.ts';

/**
 * Unseals a member and waits until it is open. One that was unsealed meanwhile is left alone.
 *
 * @param keys reads the unseal keys; they are asked for only when needed, and not kept
 * @returns whether this call unsealed it
 * @throws Unavailable when there are no keys, or the member stays sealed
 */
export async function unseal(
  member: VaultMember,
  keys: () => Promise<UnsealKeys | undefined>,
  timeoutMs = 20_000,
): Promise<boolean> {
  if (!(await member.status()).sealed) return false;
  const known = await keys();
  if (!known) throw new Unavailable('there are no unseal keys yet');
  await until({ what: `${member.address} to be unsealed`, timeoutMs }, async () => {
    // A member that joins takes the keys first and opens when it has caught up.
    const { sealed } = await member.status();
    return !sealed || !(await member.unseal(known)).sealed;
  });
  return true;
}
