import { Unavailable } from '../../lib/errors.ts';
import { isShutOut, neededToShut } from '../checks/quorum.ts';
import type { Node } from '../checks/check.ts';
import { listNetworks, listPods } from '../networks.ts';
import { setOut } from '../nodes/taint.ts';
import { lookAtVolume, type VolumeSources } from '../volume.ts';

export interface FenceSources extends VolumeSources {
  /** Where networks are declared. */
  namespace: string;
}

/**
 * Makes sure that nothing on a node can write to a ledger, and only then lets go of what runs there:
 * first so many servers of the volume refuse the node that the others are no majority, then
 * Kubernetes is told that the node's pods are gone, and last those of networks are removed, so that
 * others take their names. Each step may be done already.
 *
 * @returns whether it changed anything
 * @throws Unavailable when it cannot be confirmed that the node is kept out: then nothing moves
 */
export async function fenceNode(sources: FenceSources, node: Node): Promise<boolean> {
  await shutOut(sources, node);
  const isNew = await setOut(sources.kubernetes, node.name, true);
  return (await release(sources, node)) || isNew;
}

async function shutOut(sources: VolumeSources, node: Node): Promise<void> {
  const volume = await lookAtVolume(sources);
  // The one on the node itself is not asked: it may be as silent as the node.
  const others = volume?.servers.filter((server) => server.node !== node.name) ?? [];
  const closing = others.map(async ({ keeper = '' }) => {
    for (const address of node.addresses) await sources.keepers.close(keeper, address);
  });
  await Promise.allSettled(closing);
  // Told by the servers themselves, and not by what was sent to them.
  const after = await lookAtVolume(sources);
  if (isShutOut(node, after)) return;
  const needed = neededToShut(after?.copies ?? 0);
  throw new Unavailable(`fewer than ${needed} servers of the volume confirm that it is kept out`);
}

/** Pods that came to the node until it was taken out are among them. */
async function release({ kubernetes, namespace }: FenceSources, node: Node): Promise<boolean> {
  const pods = await listPods(kubernetes, await listNetworks(kubernetes, namespace));
  const left = pods.filter((pod) => pod.node === node.name);
  for (const { namespace, name, uid } of left) {
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace, name };
    // Nobody is there to say that it has ended, which Kubernetes would wait for.
    await kubernetes.remove(pod, { gracePeriodSeconds: 0, uid });
  }
  return left.length > 0;
}
