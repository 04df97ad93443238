import { z } from 'zod';
import { readJson } from '../lib/function/envelope.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import { apiVersion, kind, labels, type FabricNetwork } from '../lib/network.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../lib/function/serve.ts';
import type { NetworkId } from './resources/names.ts';
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
  /** The namespace whose networks are ours. */
  namespace: string;
  /** One pass; `urgent` is aborted when it should not wait any longer. */
  reconcile: (id: NetworkId, urgent: AbortSignal) => Promise<void>;
}

const RESOURCE = 'dev.knative.apiserver.resource.';

/** Events in: changes of networks and their workloads, the clock, and whatever else comes by. */
export function createEndpoints(options: HandlerOptions): Record<string, Endpoint<unknown>> {
  const turns = new Turns();
  const any = z.looseObject({});

  const pass = async (id: NetworkId, urgent = false): Promise<Reply> => {
    const key = `${id.namespace}/${id.network}`;
    const ran = await turns.run(key, (signal) => options.reconcile(id, signal), urgent);
    return { status: ran ? 200 : 202 };
  };

  const resource = async ({ body, event, log }: Call<unknown>): Promise<Reply> => {
    const object = await readJson(body, eventObject);
    const id = networkOf(object, event.type);
    if (!id) return acknowledged;
    log.info({ network: id.network, kind: object.kind, name: object.metadata.name }, 'woken');
    // A changed spec, or a deletion, makes what a pass waits for pointless.
    return pass(id, object.kind === kind);
  };

  const resync = async (): Promise<Reply> => {
    const { namespace } = options;
    const networks = await options.kubernetes.list<FabricNetwork>({ apiVersion, kind, namespace });
    const passes = networks.map(({ metadata: { name } }) => pass({ namespace, network: name }));
    const failed = (await Promise.allSettled(passes)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason as Error;
    return acknowledged;
  };

  return {
    [`${RESOURCE}*`]: endpoint(any, resource),
    'dev.knative.sources.ping': endpoint(any, resync),
    // An event for others is no fault of the sender's.
    '*': endpoint(any, ({ body }) => {
      body.resume();
      return Promise.resolve(acknowledged);
    }),
  };
}

const acknowledged: Reply = { status: 200 };

/**
 * The network an event is about, or undefined when there is nothing to do: our own writing of a
 * status is an event too, and must not wake us for ever.
 */
export function networkOf(object: EventObject, type: string): NetworkId | undefined {
  const { name, namespace, labels: given, deletionTimestamp } = object.metadata;
  if (object.kind !== kind) {
    const network = given?.[labels.network];
    return network === undefined ? undefined : { namespace, network };
  }
  if (type === `${RESOURCE}delete`) return undefined;
  if (deletionTimestamp === undefined && isSettled(object, type)) return undefined;
  return { namespace, network: name };
}

/** Whether a pass has seen this spec; of an object that is told anew, whether it is done, too. */
function isSettled({ metadata, status }: EventObject, type: string): boolean {
  if (status?.observedGeneration !== metadata.generation) return false;
  return type === `${RESOURCE}update` || status?.phase === 'Ready';
}
