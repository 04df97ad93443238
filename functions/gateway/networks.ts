import { isDeepStrictEqual } from 'node:util';
import { Conflict, Forbidden, NotFound, Unauthorized, Unavailable } from '../lib/errors.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import {
  apiVersion,
  kind,
  networkSpec,
  type FabricNetwork,
  type NetworkSpec,
} from '../lib/network.ts';

/** How often a put that lost a race is tried again before its caller hears of it. */
const mostTries = 3;

/** The networks of one namespace: custom resources, which `provisioning` acts on. */
export interface Networks {
  /** @throws NotFound */
  get(name: string): Promise<FabricNetwork>;
  list(): Promise<FabricNetwork[]>;
  /**
   * Creates the network or replaces its spec.
   *
   * @param mayCreate asked before a network is created; throws where that is not allowed
   * @returns the network, and whether anything changed
   * @throws Unprocessable when the network cannot be changed so
   * @throws Conflict while the network is being deleted, or when others keep changing it
   */
  put(
    name: string,
    spec: NetworkSpec,
    mayCreate: () => Promise<void>,
  ): Promise<{ network: FabricNetwork; changed: boolean }>;
  /** Begins to delete the network. @throws NotFound */
  remove(name: string): Promise<FabricNetwork>;
}

export type NetworkStore = Pick<Kubernetes, 'get' | 'list' | 'create' | 'replace' | 'remove'>;

export function createNetworks(kubernetes: NetworkStore, namespace: string): Networks {
  const refer = (name: string) => ({ apiVersion, kind, namespace, name });
  const find = (name: string) => edge(kubernetes.get<FabricNetwork>(refer(name)));

  const get = async (name: string): Promise<FabricNetwork> => {
    const found = await find(name);
    if (!found) throw new NotFound(`there is no network "${name}"`);
    return found;
  };

  return {
    get,
    list: () => edge(kubernetes.list<FabricNetwork>({ apiVersion, kind, namespace })),

    async put(name, spec, mayCreate) {
      for (let attempt = 1; ; attempt++) {
        try {
          const existing = await find(name);
          if (existing) return await replace(kubernetes, existing, spec);
          await mayCreate();
          const network = { apiVersion, kind, metadata: { name, namespace }, spec } as const;
          return { network: await edge(kubernetes.create<FabricNetwork>(network)), changed: true };
        } catch (error) {
          if (!(error instanceof LostRace) || attempt === mostTries) throw error;
        }
      }
    },

    async remove(name) {
      const found = await get(name);
      await edge(kubernetes.remove(refer(name)));
      return found;
    },
  };
}

async function replace(kubernetes: NetworkStore, existing: FabricNetwork, spec: NetworkSpec) {
  if (existing.metadata.deletionTimestamp !== undefined) {
    throw new Conflict(`the network "${existing.metadata.name}" is being deleted`);
  }
  if (isDeepStrictEqual(networkSpec.safeParse(existing.spec).data, spec)) {
    return { network: existing, changed: false };
  }
  // The version that was read goes along, so no change in between is lost.
  const network = await edge(kubernetes.replace<FabricNetwork>({ ...existing, spec }));
  return { network, changed: network.metadata.generation !== existing.metadata.generation };
}

/** The object changed between our reading and our writing it. */
class LostRace extends Conflict {}

/**
 * What the API server refuses means something else to our caller: it is our account that it
 * refuses. Unprocessable stays: a change that the CRD's rules do not allow.
 */
async function edge<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (cause instanceof Conflict) throw new LostRace('another change came first', { cause });
    if (cause instanceof Unauthorized || cause instanceof Forbidden || cause instanceof NotFound) {
      throw new Unavailable('the gateway cannot act on networks now', { cause });
    }
    throw cause;
  }
}
