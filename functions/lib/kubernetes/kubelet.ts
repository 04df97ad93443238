/** Kubelets, asked directly and not through the API server: what a node says when its Lease says nothing. */
import { request, type RequestOptions } from 'node:https';
import { json } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { Unavailable } from '../errors.ts';

/** A pod that a node's container runtime runs, whether Kubernetes still knows it or not. */
export interface RunningPod {
  namespace: string;
  name: string;
  uid: string;
}

export interface Kubelet {
  /** Whether the kubelet at an address answers in time, be it with a refusal. */
  answers(address: string): Promise<boolean>;
  /** What really runs there. @throws Unavailable when it is not told */
  running(address: string): Promise<RunningPod[]>;
}

export interface KubeletOptions {
  /** What kubelets' certificates are signed by. */
  ca: () => Buffer;
  /** Our token, read anew for each call: it is renewed. */
  token: () => string;
  port?: number;
  /** Milliseconds: a busy node answers within it. */
  timeoutMs?: number;
}

export function connectKubelet({
  ca,
  token,
  port = 10_250,
  timeoutMs = 2_000,
}: KubeletOptions): Kubelet {
  const get = (address: string, path: string, how: RequestOptions): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const options = { host: address, port, path, agent: false, signal, ...how };
      request(options, resolve).once('error', reject).end();
    });
  return {
    async answers(address) {
      try {
        // Many kubelets sign for themselves. Nothing is told to whoever answers, not even who asks.
        (await get(address, '/healthz', { rejectUnauthorized: false })).destroy();
        return true;
      } catch {
        return false;
      }
    },

    async running(address) {
      try {
        const headers = { authorization: `Bearer ${token()}` };
        const answer = await get(address, '/runningpods/', { ca: ca(), headers });
        if (answer.statusCode !== 200) throw new Error(`it answers ${answer.statusCode ?? '?'}`);
        const { items } = (await json(answer)) as { items: { metadata: RunningPod }[] | null };
        return (items ?? []).map(({ metadata: { namespace, name, uid } }) => ({
          ...{ namespace, name, uid },
        }));
      } catch (cause) {
        throw new Unavailable(`the kubelet at ${address} does not tell what it runs`, { cause });
      }
    },
  };
}
