import { homedir } from 'node:os';
import { join } from 'node:path';

import { install } from '../cli/install.ts';
import { ImageStore, leaveNoMounts } from './images.ts';
import { Plan } from './progress.ts';
import { CommandError, run } from './shell.ts';
import { state } from './settings.ts';
import { NotPossible, planImages } from './up.ts';
import { notInstalled } from './packages.ts';

export interface DeployOptions {
  context: string;
  registry: string;
  signal: AbortSignal;
}

/** The APIs that Selvedge needs of a cluster that is not ours. */
const needed = [
  'services.serving.knative.dev',
  'brokers.eventing.knative.dev',
  'apiserversources.sources.knative.dev',
];

/**
 * Deploys Selvedge to a cluster that is there, with Knative on it, by way of a registry that both reach.
 * @throws NotPossible when that cluster is not to be reached or lacks Knative
 */
export async function deploy({ context, registry, signal }: DeployOptions): Promise<void> {
  const kubeconfig = process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config');
  await check(kubeconfig, context);
  const plan = new Plan(signal);
  const store = new ImageStore({ registry, tls: true }, plan.signal);
  const prepared = plan.step('Look at the cluster', [], () => Promise.resolve());
  const images = planImages(plan, store, prepared, prepared);
  plan.step('Selvedge', [images], ([references], onProgress) =>
    install({ kubeconfig, context, images: references, state, onProgress, signal: plan.signal }),
  );
  await plan.show().finally(leaveNoMounts);
  console.log(
    `\nSelvedge runs in the cluster of ${context}; its gateway is the Service selvedge/gateway.`,
  );
}

async function check(kubeconfig: string, context: string): Promise<void> {
  if ((await notInstalled(['buildah'])).length > 0)
    throw new NotPossible('Images are built with buildah: apt-get install buildah.');
  const flags = ['--kubeconfig', kubeconfig, '--context', context, '--request-timeout=15s'];
  try {
    await run('kubectl', [...flags, 'get', 'crd', ...needed]);
  } catch (error) {
    const said = error instanceof CommandError ? error.output.trim() : String(error);
    throw new NotPossible(`The cluster of ${context} cannot be used: ${said}`);
  }
}
