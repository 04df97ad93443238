import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { once } from './addons/applied.ts';
import * as catalog from './images/catalog.ts';
import { issuerDiscovery, startControlPlane } from './nodes/controlplane.ts';
import { dnsObjects } from './addons/dns.ts';
import { startForward } from './nodes/forward.ts';
import type { ImageStore } from './images/store.ts';
import { installKnative, knativeImages, knativeManifests } from './addons/knative.ts';
import { apply, kubectlLink, rolledOut } from './nodes/kubectl.ts';
import { hasNetwork, makeNetwork } from './machine/network.ts';
import { firewallOf, firewallRights, startFirewall } from './nodes/firewall.ts';
import { nodeParts, nodeReady, prepareNode, startNode } from './nodes/node.ts';
import { claim, ownership } from './machine/owner.ts';
import { makePki } from './nodes/pki.ts';
import { isRunning } from './machine/processes.ts';
import { buildComponent, type ComponentName } from './components/build.ts';
import type { Plan, Progress, Step } from '../lib/progress.ts';
import { startRegistry } from './images/registry.ts';
import { checkout, nodes, state } from './settings.ts';
import { tearDown } from './machine/teardown.ts';
import { volumeObjects } from './addons/volumes.ts';

/** Every program of the local cluster, by the name it is started under. */
const programs = [
  'registry',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  ...nodes.flatMap(({ name }) => nodeParts.map((part) => `${name}-${part}`)),
  ...nodes.map(firewallOf),
  'forward',
];

/** Whether the cluster of this checkout runs, and all of it. */
export async function isWhole(): Promise<boolean> {
  const { owner, alive } = await ownership();
  if (owner !== checkout || !alive) return false;
  return (await Promise.all(programs.map(isRunning))).every(Boolean);
}

/** Whether what of the cluster of this checkout does not run can be started again: its ground is there. */
async function canBeMended(): Promise<boolean> {
  const { owner, alive } = await ownership();
  return owner === checkout && alive && (await hasNetwork());
}

/** What of the cluster others come after. */
export interface ClusterSteps {
  /** It takes images. */
  registry: Step<unknown>;
  /** Pods with volumes run and find each other. */
  nodes: Step<unknown>;
  /** Knative serves. */
  knative: Step<unknown>;
}

/**
 * Plans the local cluster, up to Knative: what runs stays, and what a crash left is cleared away first.
 * @param prepared packages are installed
 */
export function planCluster(plan: Plan, store: ImageStore, prepared: Step<unknown>): ClusterSteps {
  const { signal } = plan;
  const kubernetes = planBuild(plan, 'kubernetes', prepared);
  const etcd = planBuild(plan, 'etcd', prepared);
  const network = plan.step('Network of three nodes', [prepared], (_, progress) =>
    layGround(progress),
  );
  const registry = plan.step('Image registry', [network], () => startRegistry(signal));
  const control = plan.step(
    'Control plane',
    [network, kubernetes, etcd],
    async ([, folder, etcdFolder]) => {
      await linkKubectl(folder);
      await startControlPlane({ kubernetes: folder, etcd: etcdFolder }, signal);
      await apply([issuerDiscovery, ...firewallRights], signal);
    },
  );
  const pause = plan.step('Image of pods', [registry], (_, progress) =>
    store.provide(catalog.pause, progress),
  );
  const firewall = planBuild(plan, 'kube-router', prepared);
  const joined = plan.step(
    'Three nodes',
    [control, kubernetes, firewall, pause],
    ([, folder, firewallFolder, image]) =>
      startNodes({ kubernetes: folder, firewall: firewallFolder, pause: image }, signal),
  );
  const basicImages = plan.step(
    'Images of DNS and volumes',
    [
      registry,
      planBuild(plan, 'coredns', prepared),
      planBuild(plan, 'local-path-provisioner', prepared),
    ],
    (_, progress) => provideBasics(store, progress),
  );
  const basics = plan.step('DNS and volumes', [joined, basicImages], ([, images]) =>
    installBasics(images, signal),
  );
  const knativeBuilt = planBuild(plan, 'knative', prepared);
  const broker = planBuild(plan, 'rabbitmq-broker', prepared);
  const manifests = plan.step('Manifests of Knative', [prepared], knativeManifests);
  const images = plan.step(
    'Images of Knative',
    [registry, manifests, knativeBuilt, broker],
    ([, objects], progress) => knativeImages(objects, store, progress),
  );
  const knative = plan.step('Knative', [basics, images, manifests], ([, refs, objects], progress) =>
    once('knative', [objects, [...refs]], () => installKnative(objects, refs, progress, signal)),
  );
  return { registry, nodes: basics, knative };
}

/** A step for the build of a component, so that all of them are seen. */
export function planBuild(plan: Plan, name: ComponentName, prepared: Step<unknown>): Step<string> {
  return plan.step(`Build of ${name}`, [prepared], (_, progress) =>
    buildComponent(name, { onProgress: progress, signal: plan.signal }),
  );
}

/** Clears away what is left of a cluster that cannot be mended, and makes the network and certificates of a new one. */
async function layGround(progress: Progress): Promise<void> {
  if (!(await canBeMended())) {
    await tearDown(progress);
    await mkdir(state, { mode: 0o700 });
    await claim();
    await makeNetwork();
  }
  await makePki();
}

async function linkKubectl(kubernetes: string): Promise<void> {
  await mkdir(dirname(kubectlLink), { recursive: true });
  await rm(kubectlLink, { force: true });
  await symlink(join(kubernetes, 'kubectl'), kubectlLink);
}

/** Starts the nodes; a pod on one comes under NetworkPolicies as soon as it runs. */
async function startNodes(
  { kubernetes, firewall, pause }: { kubernetes: string; firewall: string; pause: string },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      if (!(await isRunning(`${node.name}-containerd`))) await prepareNode(node, pause);
      await startNode(node, kubernetes);
      await nodeReady(node, kubernetes, signal);
      await startFirewall(node, firewall, signal);
    }),
  );
  await startForward();
}

interface BasicImages {
  coredns: string;
  provisioner: string;
  shell: string;
}

async function provideBasics(store: ImageStore, progress: Progress): Promise<BasicImages> {
  const [coredns, provisioner, shell] = await Promise.all([
    store.provide(catalog.coredns, progress),
    store.provide(catalog.localPathProvisioner, progress),
    store.provide(catalog.shell, progress),
  ]);
  return { coredns, provisioner, shell };
}

async function installBasics(
  { coredns, provisioner, shell }: BasicImages,
  signal: AbortSignal,
): Promise<void> {
  const objects = [...dnsObjects(coredns), ...(await volumeObjects({ provisioner, shell }))];
  await once('basics', objects, async () => {
    await apply(objects, signal);
    await rolledOut('kube-system', 'daemonset/coredns', { signal });
    await rolledOut('local-path-storage', 'deployment/local-path-provisioner', { signal });
  });
}
