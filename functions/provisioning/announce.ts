import { Unavailable } from '../lib/errors.ts';
import { resultEvent, type ResultOf, type ResultType } from '../lib/events.ts';
import type { FabricNetwork } from '../lib/network.ts';
import type { NetworkStatus } from '../lib/network/status.ts';
import type { Clients } from './clients.ts';
import { condition } from './condition.ts';

type NetworkEvent = Extract<ResultType, `dev.selvedge.network.${string}`>;

/** What other workloads hear of a status, if anything. */
export function eventOf({ phase, conditions }: NetworkStatus): NetworkEvent | undefined {
  if (phase === 'Ready') return 'dev.selvedge.network.ready.v1';
  if (phase !== 'Degraded') return undefined;
  const failed = conditions?.some(({ reason }) => reason === 'Failed');
  return failed ? 'dev.selvedge.network.failed.v1' : 'dev.selvedge.network.degraded.v1';
}

/**
 * Tells the Broker of a transition, once: the condition `Announced` remembers which was told last.
 * A Broker that does not take it leaves the condition false, and the next pass tells it.
 *
 * @returns the status with that condition
 */
export async function announce(
  clients: Clients,
  network: FabricNetwork,
  status: NetworkStatus,
): Promise<NetworkStatus> {
  const { generation = 0 } = network.metadata;
  const type = eventOf(status);
  if (!type) return status;
  const told = `${type} of generation ${generation}`;
  const conditions = status.conditions ?? [];
  const last = conditions.find((one) => one.type === 'Announced');
  if (last?.status === 'True' && isTold(last.message, told)) return status;
  const taken = await send(clients, type, eventFor(network, status, type));
  const observed = { previous: network.status, generation, now: clients.now() };
  const announced = condition(
    observed,
    'Announced',
    taken,
    taken ? 'Sent' : 'BrokerUnavailable',
    told,
  );
  return { ...status, conditions: [...conditions.filter((one) => one !== last), announced] };
}

/** A network that failed is not told to be merely degraded: that is no change of its phase. */
function isTold(last: string, told: string): boolean {
  return last === told || last === told.replace('.degraded.', '.failed.');
}

/** Whether nothing is left to be told. */
export function isAnnounced(status: NetworkStatus | undefined): boolean {
  return !status?.conditions?.some(
    ({ type, status }) => type === 'Announced' && status === 'False',
  );
}

interface Told {
  id: string;
  subject: string;
  data: ResultOf<NetworkEvent>;
}

/** The same transition told twice is the same event. */
function eventFor({ metadata }: FabricNetwork, status: NetworkStatus, type: NetworkEvent): Told {
  const { name, namespace, uid = '', generation = 0 } = metadata;
  const ready = status.conditions?.find((one) => one.type === 'Ready');
  const message = ready?.message ? { message: ready.message } : {};
  return {
    id: `${uid}/${generation}/${type}/${ready?.lastTransitionTime ?? ''}`,
    subject: `${namespace}/${name}`,
    data: { namespace, network: name, generation, phase: status.phase ?? '', ...message },
  };
}

async function send({ broker, log }: Clients, type: NetworkEvent, event: Told): Promise<boolean> {
  try {
    await broker.send(
      resultEvent(type, '/selvedge/provisioning', event.subject, event.data, event.id),
    );
    return true;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ error, type }, 'not announced yet');
    return false;
  }
}
