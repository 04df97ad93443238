/** Asks a pod something by a port that only it has: through the kubelet, past every NetworkPolicy. */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { text } from 'node:stream/consumers';
import { withForward } from '../lib/port-forward.ts';
import type { Pod, World } from './world.ts';

export interface Question {
  /** The port of the pod. */
  port: number;
  path: string;
  /** By TLS: the authority, and the name in the pod's certificate. */
  tls?: { ca: string; servername: string };
}

/** Milliseconds for one question. */
const patienceMs = 10_000;

/** @throws Error when the pod does not answer */
export function ask(
  { kubectlCommand }: Pick<World, 'kubectlCommand'>,
  { metadata: { namespace = '', name } }: Pod,
  { port, path, tls }: Question,
): Promise<string> {
  const signal = AbortSignal.timeout(patienceMs);
  const forward = { kubectlCommand, namespace, target: `pod/${name}`, port, signal };
  return withForward(forward, (local) => get({ port: local, path, signal, ...tls }));
}

interface Get {
  port: number;
  path: string;
  signal: AbortSignal;
  ca?: string;
  servername?: string;
}

function get(options: Get): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = options.ca === undefined ? plain : secure;
  request({ host: '127.0.0.1', agent: false, ...options }, (answer) => {
    text(answer).then(resolve, reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
