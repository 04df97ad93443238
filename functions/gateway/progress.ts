import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from 'express';
import { Gone, Unavailable } from '../lib/errors.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import { apiVersion, kind, type FabricNetwork } from '../lib/network.ts';
import type { Networks } from './networks.ts';

/** Proxies and callers drop connections that say nothing for long. */
const heartbeatMs = 15_000;
/** After this the network is read again, so that a watch whose other end vanished is noticed. */
const watchMs = 240_000;
/** The pause before a watch that failed is begun again, doubled up to a limit. */
const pauseMs = { first: 500, most: 30_000 };

export interface Progress {
  /**
   * Sends a network's state as server-sent events (WHATWG HTML, section 9.2), now and whenever it
   * changes: `event: network`, whose data is what `present` makes of it, and `event: deleted`, the
   * last. Returns when the network or the caller is gone, or the gateway ends.
   *
   * @throws NotFound when there is no such network
   * @throws Unavailable when too many callers follow networks already
   */
  stream(
    name: string,
    response: Response,
    present: (network: FabricNetwork) => object,
  ): Promise<void>;
}

export interface ProgressOptions {
  networks: Pick<Networks, 'get'>;
  kubernetes: Pick<Kubernetes, 'get' | 'watch'>;
  namespace: string;
  /** Aborted when the gateway ends. */
  ending: AbortSignal;
  log: Logger;
  /** The most streams at once: each holds a watch at the API server. */
  most?: number;
}

export function createProgress(options: ProgressOptions): Progress {
  const { networks, ending, most = 64 } = options;
  let streams = 0;
  return {
    async stream(name, response, present) {
      if (streams >= most) throw new Unavailable('too many callers follow networks now');
      await networks.get(name);
      // A caller who left before we listen for it would be streamed to for ever.
      if (response.destroyed) return;
      streams++;
      const left = new AbortController();
      response.once('close', () => left.abort());
      const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
      try {
        response.status(200).type('text/event-stream').write('retry: 2000\n\n');
        const states = follow(options, name, AbortSignal.any([ending, left.signal]));
        let last = '';
        for await (const network of states) {
          const data = network ? JSON.stringify(present(network)) : '{}';
          if (data === last) continue;
          last = data;
          await write(response, `event: ${network ? 'network' : 'deleted'}\ndata: ${data}\n\n`);
        }
        response.end();
      } finally {
        clearInterval(heartbeat);
        streams--;
      }
    },
  };
}

/** The states of a network until it is gone (undefined) or the signal is aborted. */
async function* follow(
  { kubernetes, namespace, log }: ProgressOptions,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<FabricNetwork | undefined> {
  const of = { apiVersion, kind, namespace };
  let pause = pauseMs.first;
  while (!signal.aborted) {
    try {
      const found = await kubernetes.get<FabricNetwork>({ ...of, name });
      yield found;
      if (!found) return;
      const events = kubernetes.watch<FabricNetwork>(of, {
        fieldSelector: `metadata.name=${name}`,
        ...(found.metadata.resourceVersion && { resourceVersion: found.metadata.resourceVersion }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(watchMs)]),
      });
      for await (const { type, object } of events) {
        pause = pauseMs.first;
        if (type === 'BOOKMARK') continue;
        yield type === 'DELETED' ? undefined : object;
        if (type === 'DELETED') return;
      }
    } catch (error) {
      // History was compacted: reading anew is the cure. Anything else may last.
      if (error instanceof Gone) continue;
      log.warn({ error, network: name }, 'the watch of a network failed');
      await delay(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(pause * 2, pauseMs.most);
    }
  }
}

async function write(response: Response, text: string): Promise<void> {
  if (!response.write(text)) await once(response, 'drain', { signal: closed(response) });
}

function closed(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}
