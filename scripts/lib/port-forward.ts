/** A port of a pod on this machine: through the API server and the kubelet, past every NetworkPolicy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

export interface Forward {
  /** kubectl, with the flags that reach the cluster. */
  kubectlCommand: readonly [program: string, ...flags: string[]];
  namespace: string;
  /** `pod/NAME`, or `service/NAME` for one of its pods. */
  target: string;
  port: number;
  signal: AbortSignal;
}

/**
 * Does what is to be done with the port of this machine that stands for it.
 *
 * @throws Error when there is no such pod
 */
export async function withForward<T>(
  { kubectlCommand, namespace, target, port, signal }: Forward,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const [program, ...flags] = kubectlCommand;
  const asked = ['port-forward', '--address=127.0.0.1', '--namespace', namespace, target];
  const args = [...flags, ...asked, `:${port}`];
  const forward = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const said = text(forward.stderr);
  const ended = once(forward, 'close').catch(() => undefined);
  try {
    for await (const line of createInterface(forward.stdout)) {
      const [, local] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (local !== undefined) return await use(Number(local));
    }
    throw new Error(`${target} cannot be reached: ${(await said).trim()}`);
  } finally {
    forward.kill();
    await ended;
  }
}
