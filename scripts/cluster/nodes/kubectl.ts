import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { run, type RunOptions } from '../../lib/shell.ts';
import { kubeconfig, state } from '../settings.ts';

/** Any object of the Kubernetes API, as far as we need to know it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** The link to the kubectl that belongs to the running cluster. */
export const kubectlLink = join(state, 'bin', 'kubectl');

/** Runs kubectl against the local cluster, and gives what it printed. */
export function kubectl(args: string[], options: RunOptions = {}): Promise<string> {
  const program = existsSync(kubectlLink) ? kubectlLink : 'kubectl';
  return run(program, ['--kubeconfig', kubeconfig, '--request-timeout=60s', ...args], options);
}

/** Applies the objects on the server's side, in their order, and takes over fields that others have set. */
export async function apply(objects: object[], signal?: AbortSignal): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=selvedge-cluster'];
  await kubectl([...args, '--filename=-'], { input, signal });
}

/**
 * Waits until all replicas of the workload run in its current version.
 * @param workload such as `daemonset/coredns`
 */
export async function rolledOut(
  namespace: string,
  workload: string,
  options: { timeout?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { timeout = 180_000, signal } = options;
  const args = ['rollout', 'status', workload, '--namespace', namespace];
  await kubectl([...args, '--request-timeout=0', `--timeout=${timeout / 1000}s`], {
    timeout: timeout + 5000,
    signal,
  });
}
