import { refOf } from '../lib/kubernetes/client.ts';
import type { FabricNetwork } from '../lib/network.ts';
import { until } from '../lib/until.ts';
import { forget } from './kept.ts';
import type { Clients } from './pass.ts';
import { removable } from './resources/kinds.ts';
import {
  authorityKinds,
  connectionMetadataPath,
  passLease,
  pkiMount,
  selectorOf,
  type NetworkId,
} from './resources/names.ts';

/** Milliseconds for the pods to end and the claims behind them. */
const goneMs = 60_000;

/**
 * Removes everything that bears the network's label, its ledgers too, its certificate authorities
 * and its connection, and nothing else.
 *
 * @throws Unavailable when something is not gone in time: the next pass carries on
 */
export async function removeNetwork(
  clients: Clients,
  network: FabricNetwork,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace } = network.metadata;
  const id = { namespace, network: name };
  await until(
    { what: `the objects of ${name} to go`, timeoutMs: goneMs, firstMs: 200, mostMs: 1000, signal },
    async () => (await sweep(clients, id)) === 0,
  );
  await removeFromVault(clients, network, id);
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace };
  await clients.kubernetes.remove({ ...lease, name: passLease(id) });
}

/** Asks all that is there to go; the number of objects there still were. */
async function sweep({ kubernetes }: Clients, id: NetworkId): Promise<number> {
  let left = 0;
  for (const kinds of removable) {
    const found = await Promise.all(
      kinds.map((kind) => kubernetes.list({ ...kind, namespace: id.namespace }, selectorOf(id))),
    );
    const objects = found.flat();
    left += objects.length;
    const staying = objects.filter(({ metadata }) => !metadata.deletionTimestamp);
    // Ledgers go with them: there is nothing to shut down in order.
    await Promise.all(
      staying.map((object) => kubernetes.remove(refOf(object), { gracePeriodSeconds: 1 })),
    );
  }
  return left;
}

async function removeFromVault(
  { identities, vault }: Clients,
  { metadata, spec }: FabricNetwork,
  id: NetworkId,
): Promise<void> {
  await vault.remove(connectionMetadataPath(id));
  await forget(vault, { id, uid: metadata.uid ?? '' });
  for (const { name } of spec.organizations) {
    for (const kind of authorityKinds) await identities.removeAuthority(pkiMount(id, name, kind));
  }
}
