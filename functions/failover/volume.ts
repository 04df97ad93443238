/** The volume under ledgers: its servers, and whom each keeps out (glusterfs/keeper). */
import { z } from 'zod';
import { Forbidden, Unavailable } from '../lib/errors.ts';
import type { Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';
import type { Volume, VolumeServer } from './checks/check.ts';

/** Of the servers' StatefulSet, and the label of their pods. */
const name = 'glusterfs';

/** Milliseconds: to look is quick; to shut ends connections. */
const deadlines = { look: 1_000, change: 5_000 };

const addresses = z.array(z.string());

/** The keepers of the servers, each by the address of its pod. */
export interface Keepers {
  /** The addresses it keeps out. */
  shut: (keeper: string) => Promise<string[]>;
  /** Keeps an address out from now on. Returns when nothing of it comes through any more. */
  close: (keeper: string, address: string) => Promise<void>;
  /** Lets it in again. */
  open: (keeper: string, address: string) => Promise<void>;
}

/** @throws Unavailable, of all calls, when a keeper does not answer as it should */
export function connectKeepers(port = 9081): Keepers {
  const call = async (keeper: string, method: string, path: string): Promise<Response> => {
    const timeout = method === 'GET' ? deadlines.look : deadlines.change;
    try {
      const url = `http://${keeper}:${port}${path}`;
      const answer = await fetch(url, { method, signal: AbortSignal.timeout(timeout) });
      if (!answer.ok) throw new Error(`it answers ${answer.status}`);
      return answer;
    } catch (cause) {
      throw new Unavailable(`the keeper at ${keeper} does not do it`, { cause });
    }
  };
  return {
    shut: async (keeper) => addresses.parse(await (await call(keeper, 'GET', '/shut')).json()),
    close: async (keeper, address) => {
      await call(keeper, 'PUT', `/shut/${address}`);
    },
    open: async (keeper, address) => {
      await call(keeper, 'DELETE', `/shut/${address}`);
    },
  };
}

export interface VolumeSources {
  kubernetes: Kubernetes;
  keepers: Keepers;
  /** Where the servers are; undefined where no volume can be used from two nodes. */
  volumes: string | undefined;
}

type StatefulSet = KubernetesObject & { spec?: { replicas?: number } };
type Pod = KubernetesObject & { spec?: { nodeName?: string }; status?: { podIP?: string } };

/** One look at the volume; undefined where there is none to be. */
export async function lookAtVolume({
  kubernetes,
  keepers,
  volumes: namespace,
}: VolumeSources): Promise<Volume | undefined> {
  if (namespace === undefined) return undefined;
  try {
    const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name };
    const set = await kubernetes.get<StatefulSet>(ref);
    const of = { apiVersion: 'v1', kind: 'Pod', namespace };
    const pods = await kubernetes.list<Pod>(of, `app.kubernetes.io/name=${name}`);
    const servers = await Promise.all(pods.map((pod) => serverOf(pod, keepers)));
    return { copies: set?.spec?.replicas ?? 1, servers };
  } catch (error) {
    // Where there should be servers and none are, nobody confirms a fence, and nothing moves.
    if (error instanceof Forbidden) return { copies: 1, servers: [] };
    throw error;
  }
}

async function serverOf({ metadata, spec, status }: Pod, keepers: Keepers): Promise<VolumeServer> {
  const keeper = status?.podIP;
  const shut = keeper === undefined ? undefined : await keepers.shut(keeper).catch(() => undefined);
  return { name: metadata.name, node: spec?.nodeName, keeper, shut };
}
