/** The resource that declares a network: read, its finalizer held, its status written. */
import { NotFound } from '../lib/errors.ts';
import type { Ref } from '../lib/kubernetes/client.ts';
import { apiVersion, kind, type FabricNetwork } from '../lib/network.ts';
import type { NetworkStatus } from '../lib/network/status.ts';
import type { Clients } from './clients.ts';
import type { Moment } from './condition.ts';
import type { NetworkId } from './resources/names.ts';

/** Holds a network's deletion until everything made for it is gone. */
export const finalizer = 'selvedge.dev/network';

function refOfNetwork({ namespace, network }: NetworkId): Ref {
  return { apiVersion, kind, namespace, name: network };
}

export function read(
  { kubernetes }: Pick<Clients, 'kubernetes'>,
  id: NetworkId,
): Promise<FabricNetwork | undefined> {
  return kubernetes.get<FabricNetwork>(refOfNetwork(id));
}

/** What a status of it is made from, beside what was found. */
export function observe(
  { now }: Clients,
  { metadata: { generation = 0 }, status }: FabricNetwork,
): Moment {
  return { generation, previous: status, now: now() };
}

export async function writeStatus(
  { kubernetes }: Clients,
  network: FabricNetwork,
  status: NetworkStatus,
): Promise<void> {
  const { name, namespace } = network.metadata;
  try {
    await kubernetes.applyStatus({ apiVersion, kind, metadata: { name, namespace }, status });
  } catch (error) {
    // It was deleted meanwhile; its event is on the way.
    if (!(error instanceof NotFound)) throw error;
  }
}

export const isHeld = ({ metadata: { finalizers = [] } }: FabricNetwork): boolean =>
  finalizers.includes(finalizer);

export async function hold(clients: Clients, network: FabricNetwork): Promise<void> {
  if (!isHeld(network)) await setFinalizers(clients, network, (all) => [...all, finalizer]);
}

export function letGo(clients: Clients, network: FabricNetwork): Promise<void> {
  return setFinalizers(clients, network, (all) => all.filter((one) => one !== finalizer));
}

/** Conflict when the network has changed: then the next pass decides anew. */
async function setFinalizers(
  clients: Clients,
  { metadata: { namespace, name } }: FabricNetwork,
  change: (finalizers: string[]) => string[],
): Promise<void> {
  const id = { namespace, network: name };
  const current = await read(clients, id);
  if (!current) return;
  await clients.kubernetes.merge(refOfNetwork(id), {
    metadata: {
      finalizers: change(current.metadata.finalizers ?? []),
      resourceVersion: current.metadata.resourceVersion,
    },
  });
}
