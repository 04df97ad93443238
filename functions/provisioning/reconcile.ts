import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Forbidden, Unavailable } from '../lib/errors.ts';
import { withLease } from '../lib/kubernetes/lease.ts';
import type { FabricNetwork } from '../lib/network.ts';
import type { NetworkStatus } from '../lib/network/status.ts';
import { accepted, planned } from './accept.ts';
import { announce, isAnnounced } from './announce.ts';
import { deletingStatus } from './brief-status.ts';
import { allReady, listPods } from './members.ts';
import type { Clients } from './clients.ts';
import { Pass, type Signals } from './pass.ts';
import { provision, story, type Result } from './provision.ts';
import { removeNetwork } from './remove.ts';
import { hold, isHeld, letGo, observe, read, writeStatus } from './resource.ts';
import { passLease, type NetworkId } from './resources/names.ts';
import { metadataAtHome, placeOf, type Plan } from './resources/plan.ts';
import { isPersistent, statusOf } from './status.ts';

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
  if (!isHeld(found) && !(await accepted(clients, found))) return;
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
  if (!isHeld(network)) return;
  const observed = observe(clients, network);
  // What an earlier pass has waited for in vain stays until this one has.
  if (network.status?.phase !== 'Deleting')
    await writeStatus(clients, network, deletingStatus(observed));
  try {
    await removeNetwork(clients, network, signal);
  } catch (error) {
    if (error instanceof Unavailable && !signal.aborted)
      await writeStatus(clients, network, deletingStatus(observed, error.message));
    throw error;
  }
  await letGo(clients, network);
  clients.log.info({ network: network.metadata.name }, 'network removed');
}

async function advance(clients: Clients, network: FabricNetwork, signals: Signals) {
  const spec = await accepted(clients, network);
  if (!spec) return;
  await hold(clients, network);
  const plan = await planned(clients, network, spec);
  if (!plan) return;
  const { results, status } = await runPass(clients, network, plan, signals);
  const open = results.find(({ retryable }) => retryable);
  if (open && !isPersistent(status, clients.now())) {
    throw new Unavailable(`${open.step}: ${open.message}`);
  }
}

async function runPass(
  clients: Clients,
  network: FabricNetwork,
  plan: Plan,
  signals: Signals,
): Promise<{ results: Result[]; status: NetworkStatus | undefined }> {
  const pass = new Pass(clients, network, plan, signals);
  let written = network.status;
  const write = async (results: Result[], final: boolean): Promise<void> => {
    const pods = await listPods(clients.kubernetes, plan);
    const status = statusOf({
      ...observe(clients, network),
      written,
      plan,
      results,
      pods,
      steps: story.map(({ name }) => name),
      created: new Date(network.metadata.creationTimestamp ?? 0),
    });
    written = status;
    await writeStatus(clients, network, status);
    if (!final) return;
    // Told only what is written, so that a pass that has to tell it again sends the same event.
    written = await announce(clients, network, status);
    if (written !== status) await writeStatus(clients, network, written);
  };
  // While a network works, its status is written once, at the end: to be looked at is no change.
  const seen = network.status?.observedGeneration === network.metadata.generation;
  const quiet = seen && allReady(plan, await listPods(clients.kubernetes, plan));
  let writing = quiet ? undefined : write([], false);
  try {
    // What is made from here on depends on it: a pass that is killed is followed by one that reads
    // the same.
    if (!network.status?.placement) await (writing ?? keepPlacement(clients, network, plan));
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

/** Into a status that is to stay as it is otherwise: that of a network which works. */
function keepPlacement(clients: Clients, network: FabricNetwork, { placement }: Plan) {
  return writeStatus(clients, network, { ...network.status, placement });
}

function leaseOptions({ kubernetes, log, now, settings }: Clients, network: FabricNetwork) {
  const place = placeOf(network, settings);
  return { kubernetes, log, now, holder, metadata: metadataAtHome(place, passLease(place)) };
}
