import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Forbidden, NotFound, Unavailable } from '../lib/errors.ts';
import type { Ref } from '../lib/kubernetes/client.ts';
import {
  apiVersion,
  kind,
  networkSpec,
  type FabricNetwork,
  type NetworkSpec,
  type NetworkStatus,
} from '../lib/network.ts';
import { announce, isAnnounced } from './announce.ts';
import { withLease } from './lease.ts';
import { allReady, listPods } from './members.ts';
import { type Clients, Pass, type Signals } from './pass.ts';
import { provision, story, type Result } from './provision.ts';
import { removeNetwork } from './remove.ts';
import { passLease, type NetworkId } from './resources/names.ts';
import { metadataAtHome, placeOf, planOf } from './resources/plan.ts';
import { deletingStatus, invalidStatus, isPersistent, statusOf } from './status.ts';

/** Holds a network's deletion until everything made for it is gone. */
export const FINALIZER = 'selvedge.dev/network';

/** Milliseconds for a removal that no Lease bounds. */
const removalMs = 120_000;

/** Unique to this process: two passes of one process never overlap (handler.ts). */
const holder = `${hostname()}-${randomUUID()}`;

/**
 * Brings one network a pass closer to its spec. A network that is not there is fine.
 *
 * @param urgent aborted when the pass should not wait any longer
 * @throws Unavailable when the same again, later, can help
 */
export async function reconcile(
  clients: Clients,
  id: NetworkId,
  urgent: AbortSignal = new AbortController().signal,
): Promise<void> {
  const found = await read(clients, id);
  if (!found) return;
  // Refused before anything is made, the Lease included.
  const isNew = !found.metadata.finalizers?.includes(FINALIZER);
  if (isNew && !(await accepted(clients, found))) return;
  const work = async (signal: AbortSignal): Promise<void> => {
    // It may have changed while another held the Lease.
    const network = await read(clients, id);
    if (!network) return;
    if (network.metadata.deletionTimestamp) await remove(clients, network, signal);
    else await advance(clients, network, { signal, urgent });
  };
  try {
    await withLease(leaseOptions(clients, found), work);
  } catch (error) {
    // A home that is being removed takes no Lease, and waits for its networks to go.
    if (!(error instanceof Forbidden && found.metadata.deletionTimestamp)) throw error;
    await work(AbortSignal.timeout(removalMs));
  }
}

async function remove(clients: Clients, network: FabricNetwork, signal: AbortSignal) {
  if (!network.metadata.finalizers?.includes(FINALIZER)) return;
  await writeStatus(clients, network, deletingStatus(observe(clients, network)));
  await removeNetwork(clients, network, signal);
  await setFinalizers(clients, network, (finalizers) =>
    finalizers.filter((finalizer) => finalizer !== FINALIZER),
  );
  clients.log.info({ network: network.metadata.name }, 'network removed');
}

async function advance(clients: Clients, network: FabricNetwork, signals: Signals) {
  const spec = await accepted(clients, network);
  if (!spec) return;
  if (!network.metadata.finalizers?.includes(FINALIZER)) {
    await setFinalizers(clients, network, (finalizers) => [...finalizers, FINALIZER]);
  }
  const { results, status } = await runPass(clients, network, spec, signals);
  const open = results.find(({ retryable }) => retryable);
  if (open && !isPersistent(status, clients.now())) {
    throw new Unavailable(`${open.step}: ${open.message}`);
  }
}

/** The spec, or undefined where it breaks a rule: then the status names every fault. */
async function accepted(
  clients: Clients,
  network: FabricNetwork,
): Promise<NetworkSpec | undefined> {
  const spec = networkSpec.safeParse(network.spec);
  if (spec.success) return spec.data;
  const faults = spec.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  await writeStatus(clients, network, invalidStatus(observe(clients, network), faults.join('; ')));
  return undefined;
}

async function runPass(
  clients: Clients,
  network: FabricNetwork,
  spec: NetworkSpec,
  signals: Signals,
): Promise<{ results: Result[]; status: NetworkStatus | undefined }> {
  const pass = new Pass(clients, network, planOf(network, spec, clients.settings), signals);
  let written = network.status;
  const write = async (results: Result[], final: boolean): Promise<void> => {
    const pods = await listPods(clients.kubernetes, pass.plan);
    const status = statusOf({
      ...observe(clients, network),
      written,
      plan: pass.plan,
      results,
      pods,
      steps: story.map(({ name }) => name),
      created: new Date(network.metadata.creationTimestamp ?? 0),
    });
    written = status;
    await writeStatus(clients, network, status);
    if (!final) return;
    // Told only of what is written: a pass that repeats the telling tells the very same event.
    written = await announce(clients, network, status);
    if (written !== status) await writeStatus(clients, network, written);
  };
  // A look at a network that works is no change of its status until the pass is over.
  const seen = network.status?.observedGeneration === network.metadata.generation;
  const quiet = seen && allReady(pass.plan, await listPods(clients.kubernetes, pass.plan));
  let writing = quiet ? undefined : write([], false);
  try {
    const results = await provision(pass, (ended) => {
      if (writing) writing = writing.then(() => write(ended, false));
    });
    await writing;
    await write(results, true);
    if (!isAnnounced(written)) throw new Unavailable('the Broker has not been told');
    return { results, status: written };
  } finally {
    pass.close();
  }
}

export function observe({ now }: Clients, { metadata: { generation = 0 }, status }: FabricNetwork) {
  return { generation, previous: status, now: now() };
}

function leaseOptions({ kubernetes, log, now, settings }: Clients, network: FabricNetwork) {
  const place = placeOf(network, settings);
  return { kubernetes, log, now, holder, metadata: metadataAtHome(place, passLease(place)) };
}

function refOfNetwork({ namespace, network }: NetworkId): Ref {
  return { apiVersion, kind, namespace, name: network };
}

export function read({ kubernetes }: Clients, id: NetworkId): Promise<FabricNetwork | undefined> {
  return kubernetes.get<FabricNetwork>(refOfNetwork(id));
}

export async function writeStatus(clients: Clients, network: FabricNetwork, status: NetworkStatus) {
  const { name, namespace } = network.metadata;
  try {
    await clients.kubernetes.applyStatus({
      apiVersion,
      kind,
      metadata: { name, namespace },
      status,
    });
  } catch (error) {
    // It was deleted meanwhile; its event is on the way.
    if (!(error instanceof NotFound)) throw error;
  }
}

/** Conflict when the network has changed: then the next pass decides anew. */
async function setFinalizers(
  { kubernetes }: Clients,
  network: FabricNetwork,
  change: (finalizers: string[]) => string[],
): Promise<void> {
  const { name, namespace } = network.metadata;
  const ref = refOfNetwork({ namespace, network: name });
  const current = await kubernetes.get<FabricNetwork>(ref);
  if (!current) return;
  await kubernetes.merge(ref, {
    metadata: {
      finalizers: change(current.metadata.finalizers ?? []),
      resourceVersion: current.metadata.resourceVersion,
    },
  });
}
