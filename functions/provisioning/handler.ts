import { z } from 'zod';
import { controls, resourceType, resyncEvent } from '../lib/events.ts';
import type { Broker } from '../lib/function/broker.ts';
import { readJson } from '../lib/function/envelope.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import { apiVersion, kind, labels, type FabricNetwork } from '../lib/network.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../lib/function/serve.ts';
import type { Logger } from '../lib/log.ts';
import { networkNamespace, type NetworkId } from './resources/names.ts';
import { Slots } from './slots.ts';
import { Turns } from './turns.ts';

/** What of a Kubernetes object in an event tells whose it is and whether it matters. */
const eventObject = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    generation: z.number().optional(),
    deletionTimestamp: z.string().optional(),
  }),
  status: z
    .looseObject({ observedGeneration: z.number().optional(), phase: z.string().optional() })
    .optional(),
});
export type EventObject = z.infer<typeof eventObject>;

export interface HandlerOptions {
  kubernetes: Pick<Kubernetes, 'list'>;
  broker: Broker;
  /** The namespace whose networks are ours. */
  namespace: string;
  /** Tells a network that has no status yet that it waits for its turn. */
  greet: (id: NetworkId) => Promise<void>;
  /** One pass; `urgent` is aborted when it should not wait any longer. */
  reconcile: (id: NetworkId, urgent: AbortSignal) => Promise<void>;
}

const resyncType = 'dev.selvedge.network.resync.v1';

/** Passes at once, and networks that may wait for one: what a request has time for (service.yaml). */
const passSlots = { most: 10, queue: 40 };
/** Of them for networks that nothing happened to: they leave room for those where it did. */
const resyncSlots = { most: 4, queue: 400 };

/** Events in: changes of networks and their workloads, the clock, and whatever else comes by. */
export function createEndpoints(options: HandlerOptions): Record<string, Endpoint<unknown>> {
  const turns = new Turns(new Slots(passSlots.most, passSlots.queue));
  const resyncs = new Slots(resyncSlots.most, resyncSlots.queue);
  const any = z.looseObject({});

  const pass = async (id: NetworkId, log: Logger, urgent = false): Promise<Reply> => {
    const greet = (): void => {
      options.greet(id).catch((error: unknown) => {
        log.warn({ error, network: id.network }, 'it was not told that it waits');
      });
    };
    const work = (signal: AbortSignal): Promise<void> => options.reconcile(id, signal);
    const ran = await turns.run(keyOf(id), work, { urgent, waits: greet });
    return { status: ran ? 200 : 202 };
  };

  // An event for each, so that one that fails is tried again by itself.
  const wakeAll = async ({ event }: Call<unknown>): Promise<Reply> => {
    const { namespace, broker } = options;
    const networks = await options.kubernetes.list<FabricNetwork>({ apiVersion, kind, namespace });
    const events = networks.map(({ metadata: { name } }) => resyncEvent(name, event.id));
    await Promise.all(events.map((one) => broker.send(one)));
    return acknowledged;
  };

  const resource = async (call: Call<unknown>): Promise<Reply> => {
    const { body, event, log } = call;
    const object = await readJson(body, eventObject);
    if (isThisFunction(object, options.namespace)) return wakeAll(call);
    const id = networkOf(object, event.type, options.namespace);
    if (!id) return acknowledged;
    log.info({ network: id.network, kind: object.kind, name: object.metadata.name }, 'woken');
    // A changed spec, or a deletion, makes what a pass waits for pointless.
    return pass(id, log, object.kind === kind);
  };

  const resync = ({ attributes, log }: Call<z.infer<(typeof controls)[typeof resyncType]>>) => {
    const id = { namespace: options.namespace, network: attributes.network };
    return resyncs.use(() => pass(id, log));
  };

  return {
    [`${resourceType}*`]: endpoint(any, resource),
    'dev.knative.sources.ping': endpoint(any, wakeAll),
    [resyncType]: endpoint(controls[resyncType], resync),
    // An event for others is no fault of the sender's.
    '*': endpoint(any, ({ body }) => {
      body.resume();
      return Promise.resolve(acknowledged);
    }),
  };
}

const acknowledged: Reply = { status: 200 };

const keyOf = ({ namespace, network }: NetworkId): string => `${namespace}/${network}`;

/** Another version of it may make every network otherwise, by other images and settings. */
const isThisFunction = ({ kind: of, metadata }: EventObject, home: string): boolean =>
  of === 'Service' && metadata.name === 'provisioning' && metadata.namespace === home;

/**
 * The network an event is about, or undefined when there is nothing to do: our own writing of a
 * status is an event too, and must not wake us for ever.
 *
 * @param home the namespace whose networks are ours
 */
export function networkOf(object: EventObject, type: string, home: string): NetworkId | undefined {
  const { name, namespace, labels: given, deletionTimestamp } = object.metadata;
  if (object.kind !== kind) {
    const network = given?.[labels.network];
    if (network === undefined) return undefined;
    // A label can be set by anyone; what is a network's stands in its namespace.
    const id = { namespace: home, network };
    return networkNamespace(id) === namespace ? id : undefined;
  }
  if (type === `${resourceType}delete` || namespace !== home) return undefined;
  if (deletionTimestamp === undefined && isSettled(object, type)) return undefined;
  return { namespace, network: name };
}

/** Whether a pass has seen this spec; of an object that is told anew, whether it is done, too. */
function isSettled({ metadata, status }: EventObject, type: string): boolean {
  if (status?.observedGeneration !== metadata.generation) return false;
  return type === `${resourceType}update` || status?.phase === 'Ready';
}
