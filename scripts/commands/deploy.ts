import { homedir } from 'node:os';
import { join } from 'node:path';

import { install } from '../cli/install.ts';
import { connectTarget } from '../cli/target.ts';
import { brokerManifests, fitAll, inStages, knativeImages } from '../cluster/addons/knative.ts';
import { buildComponent } from '../cluster/components/build.ts';
import { ImageStore, leaveNoMounts } from '../cluster/images/store.ts';
import { Plan } from '../lib/progress.ts';
import { CommandError, run } from '../lib/shell.ts';
import { state } from '../cluster/settings.ts';
import { NotPossible, planImages } from './up.ts';
import { notInstalled } from '../cluster/machine/packages.ts';

export interface DeployOptions {
  context: string;
  /** Its host and port; with `http://` in front, one without TLS. */
  registry: string;
  /** A folder of `knative/overlays`. */
  overlay: string;
  signal: AbortSignal;
}

/** The APIs that Selvedge needs of a cluster that is not ours. */
const needed = [
  'services.serving.knative.dev',
  'brokers.eventing.knative.dev',
  'apiserversources.sources.knative.dev',
];

/**
 * Deploys Selvedge to a cluster that is there, with Knative on it, by way of a registry that both reach; and the
 * controller of the Broker on RabbitMQ, which Knative's release lacks.
 * @throws NotPossible when images cannot be built here; StepError when a step fails: that cluster is
 *   not to be reached, or lacks Knative
 */
export async function deploy(options: DeployOptions): Promise<void> {
  const { context, overlay, signal } = options;
  const kubeconfig = process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config');
  if ((await notInstalled(['buildah'])).length > 0)
    throw new NotPossible('Images are built with buildah: apt-get install buildah.');
  const plan = new Plan(signal);
  const store = new ImageStore(registryOf(options.registry), plan.signal);
  const kubectl = plan.step('kubectl', [], async (_, onProgress) =>
    join(await buildComponent('kubernetes', { onProgress, signal: plan.signal }), 'kubectl'),
  );
  const looked = plan.step('Look at the cluster', [kubectl], ([program]) =>
    check(program, kubeconfig, context),
  );
  const images = planImages(plan, store, looked, looked);
  const all = plan.join([images.tiers, images.functions], ([tiers, functions]) => ({
    ...tiers,
    ...functions,
  }));
  const manifests = plan.step('Manifests of the Broker', [looked], brokerManifests);
  const broker = plan.step(
    'Broker on RabbitMQ',
    [kubectl, manifests],
    async ([program, objects], onProgress) => {
      const references = await knativeImages(objects, store, onProgress);
      const target = connectTarget({ kubeconfig, context, kubectl: program });
      const stages = inStages(fitAll(objects, references)).filter(({ length }) => length > 0);
      for (const stage of stages)
        await target.kubectl(applied, { input: JSON.stringify(listOf(stage)), signal });
    },
  );
  plan.step('Selvedge', [kubectl, all, broker], ([program, references], onProgress) =>
    install({
      ...{ kubeconfig, context, kubectl: program, overlay, images: references },
      ...{ state, onProgress, signal: plan.signal },
    }),
  );
  await plan.show().finally(leaveNoMounts);
  console.log(
    `\nSelvedge runs in the cluster of ${context}; its gateway is the Service selvedge/gateway.`,
  );
}

const applied = [
  'apply',
  '--server-side',
  '--force-conflicts',
  '--field-manager=selvedge',
  '--filename=-',
];

const listOf = (items: object[]): object => ({ apiVersion: 'v1', kind: 'List', items });

function registryOf(given: string): { registry: string; tls: boolean } {
  const plain = 'http://';
  return given.startsWith(plain)
    ? { registry: given.slice(plain.length), tls: false }
    : { registry: given, tls: true };
}

async function check(kubectl: string, kubeconfig: string, context: string): Promise<void> {
  const flags = ['--kubeconfig', kubeconfig, '--context', context, '--request-timeout=15s'];
  try {
    await run(kubectl, [...flags, 'get', 'crd', ...needed]);
  } catch (error) {
    const said = error instanceof CommandError ? error.output.trim() : String(error);
    throw new Error(`The cluster of ${context} cannot be used: ${said}`, { cause: error });
  }
}
