import { Conflict, NotFound, Unavailable } from '../lib/errors.ts';
import type { KubernetesObject } from '../lib/kubernetes/client.ts';
import { labels, type FabricNetwork } from '../lib/network.ts';
import { createIncarnations } from '../lib/vault/incarnations.ts';
import { createNameKeys } from '../lib/vault/name-keys.ts';
import { until } from '../lib/until.ts';
import { forget } from './kept.ts';
import type { Clients } from './clients.ts';
import {
  authorityKinds,
  connectionMetadataPath,
  passLease,
  pkiMount,
  type Place,
} from './resources/names.ts';
import { placeOf } from './resources/plan.ts';

/** Milliseconds in one pass for a namespace with all its pods and claims to go. */
const goneMs = 60_000;

/** When a namespace that goes was last waited for, and milliseconds until that is said again. */
const awaitedAt = 'selvedge.dev/awaited-at';
const awaitedMs = 5_000;

/** Milliseconds after its deletion that a network waits for what does not go, or does not answer. */
const patienceMs = 10 * 60_000;

/**
 * Removes the network's namespace with all that is in it, ledgers too, its certificate authorities
 * and its connection, and nothing else. A lost node or a lost Vault does not hold it for ever: a
 * namespace that is going goes by itself when its nodes are back or taken away, and what a Vault
 * keeps bears the network's UID, which no other network will have.
 *
 * @throws Unavailable when something is not gone in time: the next pass carries on
 */
export async function removeNetwork(
  clients: Clients,
  network: FabricNetwork,
  signal: AbortSignal,
): Promise<void> {
  const place = placeOf(network, clients.settings);
  const insist = (work: () => Promise<unknown>): Promise<void> =>
    withPatience(clients, network, signal, work);
  await insist(() => removeNamespace(clients, place, signal));
  await insist(() => removeFromVault(clients, network, place));
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: place.home };
  await clients.kubernetes.remove({ ...lease, name: passLease(place) });
}

/** Does the work, or goes on without it when it has been tried for long enough. */
async function withPatience(
  { log, now }: Clients,
  { metadata: { name, deletionTimestamp } }: FabricNetwork,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    const waited = now().getTime() - Date.parse(deletionTimestamp ?? '');
    if (!(error instanceof Unavailable) || !(waited >= patienceMs)) throw error;
    log.error({ error, network: name }, 'removed without what does not go or answer');
  }
}

async function removeNamespace(clients: Clients, place: Place, signal: AbortSignal): Promise<void> {
  const what = `the namespace ${place.namespace} to go`;
  const going = { what, timeoutMs: goneMs, firstMs: 200, signal };
  await until(going, async () => {
    const left = await askToGo(clients, place);
    // The last of these is what a late pass tells.
    if (left !== undefined) throw new Unavailable(left);
    return true;
  });
}

type Namespace = KubernetesObject & {
  status?: { conditions?: { status: string; message?: string }[] };
};

/**
 * Asks it to go; another's of the same name is none of ours.
 *
 * @returns what is left, for people; undefined when nothing is
 */
async function askToGo(clients: Clients, place: Place): Promise<string | undefined> {
  const ref = { apiVersion: 'v1', kind: 'Namespace', name: place.namespace };
  const found = await clients.kubernetes.get<Namespace>(ref);
  if (found?.metadata.labels?.[labels.uid] !== place.uid) return undefined;
  const { uid = '', deletionTimestamp } = found.metadata;
  try {
    await (deletionTimestamp ? hasten(clients, found) : clients.kubernetes.remove(ref, { uid }));
  } catch (error) {
    // It has gone, or another took its name meanwhile: the next look tells.
    if (!(error instanceof NotFound || error instanceof Conflict)) throw error;
  }
  return leftIn(found);
}

/**
 * Whoever empties namespaces looks at one that stays less and less, in the end once a minute, but
 * within 5 s after it has changed: so it changes while it is waited for.
 */
async function hasten({ kubernetes, now }: Clients, { metadata }: Namespace): Promise<void> {
  const { name, uid, annotations, deletionTimestamp } = metadata;
  const last = Date.parse(annotations?.[awaitedAt] ?? deletionTimestamp ?? '');
  if (now().getTime() - last < awaitedMs) return;
  const ref = { apiVersion: 'v1', kind: 'Namespace', name };
  const changed = { [awaitedAt]: now().toISOString() };
  await kubernetes.merge(ref, { metadata: { uid, annotations: changed } });
}

function leftIn({ status: { conditions = [] } = {} }: Namespace): string {
  const left = conditions.filter(({ status }) => status === 'True');
  return left.map(({ message = '' }) => message).join('; ') || 'all of it is going';
}

async function removeFromVault(
  { identities, vault }: Clients,
  { metadata, spec }: FabricNetwork,
  place: Place,
): Promise<void> {
  const removed = metadata.deletionTimestamp ?? new Date().toISOString();
  const { home: namespace, network, uid: incarnation } = place;
  await createIncarnations(vault).bury({ incarnation, namespace, network, removed });
  await vault.remove(connectionMetadataPath(place));
  await forget(vault, place);
  await createNameKeys(vault).remove(incarnation);
  for (const { name } of spec.organizations) {
    for (const kind of authorityKinds)
      await identities.removeAuthority(pkiMount(place, name, kind));
  }
}
