import { concurrently } from '../../lib/concurrently.ts';
import { Unavailable } from '../../lib/errors.ts';
import { isShutOut, neededToShut } from '../checks/quorum.ts';
import type { Node, VolumeServer } from '../checks/check.ts';
import { listFunctions, listNetworks, listPods } from '../networks.ts';
import { setOut } from '../nodes/taint.ts';
import { lookAtVolume, type VolumeSources } from '../volume.ts';

/** Pods removed at a time: just now everything starts elsewhere, and each answer takes long. */
const mostAtOnce = 16;

export interface FenceSources extends VolumeSources {
  /** Where networks are declared. */
  namespace: string;
}

/**
 * Makes sure that nothing on a node can write to a ledger, and only then lets go of what runs there:
 * first so many servers of the volume refuse the node that the others are no majority, then
 * Kubernetes is told that the node's pods are gone, and last those of networks are removed, so that
 * others take their names, and those of functions, so that others are made. Each step may be done already.
 *
 * The server on the node itself is asked to serve nobody, if it hears: a node of which only the
 * kubelet is gone runs on, and what its members have locked there nobody else could lock.
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
  const servers = volume?.servers ?? [];
  // The one on the node may be as silent as it: then it is not waited for.
  const asked = servers.filter((server) => server.node !== node.name || server.shut !== undefined);
  await Promise.allSettled(asked.map((server) => close(sources, server, node)));
  // Told by the servers themselves, and not by what was sent to them.
  const after = await lookAtVolume(sources);
  if (isShutOut(node, after)) return;
  const needed = neededToShut(after?.copies ?? 0);
  throw new Unavailable(`fewer than ${needed} servers of the volume confirm that it is kept out`);
}

async function close({ keepers }: VolumeSources, { keeper = '' }: VolumeServer, node: Node) {
  for (const address of node.addresses) await keepers.close(keeper, address);
}

/**
 * Pods that came to the node until it was taken out are among them. Kubernetes makes no others, and sends requests to
 * these, until it has given the node up.
 */
async function release({ kubernetes, namespace }: FenceSources, node: Node): Promise<boolean> {
  const [functions, networks] = await Promise.all([
    listFunctions(kubernetes, namespace),
    listNetworks(kubernetes, namespace),
  ]);
  const pods = [...functions, ...(await listPods(kubernetes, networks))];
  const left = pods.filter((pod) => pod.node === node.name);
  await concurrently(mostAtOnce, left, ({ namespace, name, uid }) => {
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace, name };
    // Nobody is there to say that it has ended, which Kubernetes would wait for.
    return kubernetes.remove(pod, { gracePeriodSeconds: 0, uid });
  });
  return left.length > 0;
}
