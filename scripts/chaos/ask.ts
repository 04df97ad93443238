/** Asks a pod something by a port that only it has: through the kubelet, past every NetworkPolicy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
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
export async function ask(
  { kubectlCommand }: Pick<World, 'kubectlCommand'>,
  { metadata }: Pod,
  { port, path, tls }: Question,
): Promise<string> {
  const [program, ...flags] = kubectlCommand;
  const target = ['--namespace', metadata.namespace ?? '', `pod/${metadata.name}`, `:${port}`];
  const signal = AbortSignal.timeout(patienceMs);
  const args = [...flags, 'port-forward', '--address=127.0.0.1', ...target];
  const forward = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const said = text(forward.stderr);
  const ended = once(forward, 'close').catch(() => undefined);
  try {
    for await (const line of createInterface(forward.stdout)) {
      const [, local] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (local !== undefined) return await get({ port: Number(local), path, signal, ...tls });
    }
    throw new Error(`${metadata.name} cannot be asked: ${(await said).trim()}`);
  } finally {
    forward.kill();
    await ended;
  }
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
