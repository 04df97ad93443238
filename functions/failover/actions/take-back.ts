import type { Broker } from '../../lib/function/broker.ts';
import { resyncEvent } from '../../lib/events.ts';
import type { Node } from '../checks/check.ts';
import { listNetworks } from '../networks.ts';
import { setOut } from '../nodes/taint.ts';
import { lookAtVolume } from '../volume.ts';
import type { FenceSources } from './fence-node.ts';

export interface TakeBackSources extends FenceSources {
  /** Hears of networks whose members may stand better now. */
  broker: Pick<Broker, 'send'>;
}

/**
 * Lets a node that was fenced serve again: first at the volume, so that what comes to it finds its
 * ledger. A server that is away is told by a later pass, for it still says that it keeps the node out.
 * Then `provisioning` is asked to look at every network: members that moved may be crowded elsewhere.
 *
 * @returns whether it changed anything
 * @throws Unavailable when a server does not do it
 */
export async function takeBack(sources: TakeBackSources, node: Node): Promise<boolean> {
  const volume = await lookAtVolume(sources);
  let changed = false;
  for (const { keeper, shut = [] } of volume?.servers ?? []) {
    if (keeper === undefined) continue;
    for (const address of node.addresses.filter((one) => shut.includes(one))) {
      await sources.keepers.open(keeper, address);
      changed = true;
    }
  }
  const isIn = await setOut(sources.kubernetes, node.name, false);
  if (isIn) await resync(sources, node).catch(() => undefined);
  return isIn || changed;
}

/** Where the Broker does not take it, the clock wakes `provisioning` some minutes later. */
async function resync({ kubernetes, namespace, broker }: TakeBackSources, { uid }: Node) {
  const networks = await listNetworks(kubernetes, namespace);
  const tick = `${uid}/${new Date().toISOString()}`;
  await Promise.all(networks.map(({ metadata }) => broker.send(resyncEvent(metadata.name, tick))));
}
