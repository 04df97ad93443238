import type { Node } from '../checks/check.ts';
import { setOut } from '../nodes/taint.ts';
import { lookAtVolume, type VolumeSources } from '../volume.ts';

/**
 * Lets a node that was fenced serve again: first at the volume, so that what comes to it finds its
 * ledger. A server that is away is told by a later pass, for it still says that it keeps the node out.
 *
 * @returns whether it changed anything
 * @throws Unavailable when a server does not do it
 */
export async function takeBack(sources: VolumeSources, node: Node): Promise<boolean> {
  const volume = await lookAtVolume(sources);
  let changed = false;
  for (const { keeper, shut = [] } of volume?.servers ?? []) {
    if (keeper === undefined) continue;
    for (const address of node.addresses.filter((one) => shut.includes(one))) {
      await sources.keepers.open(keeper, address);
      changed = true;
    }
  }
  return (await setOut(sources.kubernetes, node.name, false)) || changed;
}
