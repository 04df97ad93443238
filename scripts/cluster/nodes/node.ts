import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { makeControlGroup } from '../machine/cgroups.ts';
import {
  containerdConfig,
  containerdSocket,
  imagesFolder,
  keeperConfig,
  podNetworkConfig,
} from './containerd.ts';
import { forgetContainers, shareImages } from './images.ts';
import { kubectl } from './kubectl.ts';
import { share } from '../machine/mounts.ts';
import { makeMounts, mountsOf } from './mount-namespace.ts';
import { pki } from './pki.ts';
import { Hopeless, until } from '../../../functions/lib/until.ts';
import { isRunning, logOf, start, stop } from '../machine/processes.ts';
import {
  clusterDomain,
  controlGroup,
  dnsAddress,
  podCidr,
  runtime,
  state,
  type Node,
} from '../settings.ts';

/**
 * Where a node finds its images, pods and volumes. They lie in the checkout and the cache, whose paths may be too
 * long for the sockets among them.
 */
export const nodeFolder = (node: Node): string => join(runtime, node.name, 'root');

/** Prepares a node's folders and control groups; once for every start of the cluster. */
export async function prepareNode(node: Node, pauseImage: string): Promise<void> {
  const folder = nodeFolder(node);
  const kept = join(state, 'nodes', node.name);
  for (const part of ['kubelet', 'cni', 'volumes'])
    await mkdir(join(kept, part), { recursive: true });
  await mkdir(folder, { recursive: true });
  await share(kept, folder);
  await makeMounts(node, folder);
  await makeControlGroup(node.name);
  if (await shareImages(node, imagesFolder(folder))) await startAnew(node, folder);
  await writeFile(join(folder, 'containerd.toml'), containerdConfig(node, folder, pauseImage));
  await writeFile(join(folder, 'cni', '10-selvedge.conflist'), podNetworkConfig(node, folder));
  await writeFile(join(folder, 'resolv.conf'), 'options ndots:1\n');
  await writeFile(join(folder, 'kubelet.yaml'), stringify(kubeletConfig(node, folder)));
  await writeFile(join(folder, 'kube-proxy.yaml'), stringify(proxyConfig(node)));
}

/** Takes nothing but the images from the cluster before. */
async function startAnew(node: Node, folder: string): Promise<void> {
  const name = `${node.name}-keeper`;
  const config = join(folder, 'keeper.toml');
  await writeFile(config, keeperConfig(node, folder));
  await start(name, ['containerd', '--config', config], { namespace: node.namespace });
  await containerdReady(node, name);
  await forgetContainers(node);
  await stop(name);
}

/** Starts what of a node does not run. */
export async function startNode(node: Node, kubernetes: string): Promise<void> {
  const folder = nodeFolder(node);
  const inNode = { namespace: node.namespace, mounts: mountsOf(node) };
  if (!(await isRunning(`${node.name}-containerd`)))
    await rm(containerdSocket(node), { force: true });
  const containerd = ['containerd', '--config', join(folder, 'containerd.toml')];
  await start(`${node.name}-containerd`, containerd, inNode);
  const proxy = [join(kubernetes, 'kube-proxy'), '--config', join(folder, 'kube-proxy.yaml')];
  await start(`${node.name}-kube-proxy`, proxy, inNode);
  await containerdReady(node);
  await start(`${node.name}-kubelet`, [join(kubernetes, 'kubelet'), ...kubeletFlags(node)], inNode);
}

/** The kubelet gives up if its runtime does not answer at once. */
async function containerdReady(node: Node, name = `${node.name}-containerd`): Promise<void> {
  await until(
    { what: `${name} to answer`, timeoutMs: 30_000, firstMs: 50, mostMs: 50 },
    async () => {
      if (!(await isRunning(name))) throw new Hopeless(`${name} ended; see ${logOf(name)}`);
      return answers(containerdSocket(node));
    },
  );
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** What makes a node, by the last part of its name. */
export const nodeParts = ['containerd', 'kube-proxy', 'kubelet'] as const;

/**
 * Waits until the API server calls the node ready. A kubelet that gave up, because its runtime was still busy with
 * what it found, is started again, as an init system would.
 */
export async function nodeReady(
  node: Node,
  kubernetes: string,
  signal?: AbortSignal,
): Promise<void> {
  let again = 5;
  const condition = '{.status.conditions[?(@.type=="Ready")].status}';
  const look = [
    'get',
    'node',
    node.name,
    '--ignore-not-found',
    '--output',
    `jsonpath=${condition}`,
  ];
  const ready = { what: `${node.name} to be ready`, timeoutMs: 90_000, mostMs: 400, signal };
  await until(ready, async () => {
    for (const part of nodeParts) {
      const name = `${node.name}-${part}`;
      if (await isRunning(name)) continue;
      if (part !== 'kubelet' || again-- === 0)
        throw new Hopeless(`${name} ended; see ${logOf(name)}`);
      await startNode(node, kubernetes);
    }
    return (await kubectl(look)) === 'True';
  });
}

function kubeletFlags(node: Node): string[] {
  return [
    `--config=${join(nodeFolder(node), 'kubelet.yaml')}`,
    `--kubeconfig=${join(pki, `${node.name}.kubeconfig`)}`,
    `--root-dir=${join(nodeFolder(node), 'kubelet')}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
    `--node-labels=topology.kubernetes.io/zone=local`,
  ];
}

/** The kubelet's configuration: what differs from upstream is what this machine asks for. */
export function kubeletConfig(node: Node, folder: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node.address,
    containerRuntimeEndpoint: `unix://${containerdSocket(node)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${controlGroup}/${node.name}`,
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    // Lowering it takes a capability that root need not have.
    oomScoreAdj: 0,
    clusterDNS: [dnsAddress],
    clusterDomain,
    resolvConf: join(folder, 'resolv.conf'),
    staticPodPath: '',
    volumePluginDir: join(folder, 'kubelet', 'plugins-exec'),
    podLogsDir: join(folder, 'pod-logs'),
    tlsCertFile: join(pki, `${node.name}.crt`),
    tlsPrivateKeyFile: join(pki, `${node.name}.key`),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    serializeImagePulls: false,
    // Heartbeats go by leases. Node objects that change all the time would wake whoever watches them.
    nodeStatusReportFrequency: '5m',
    // All nodes share one disk, which images must not be thrown off for.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '200Mi',
      'nodefs.available': '1Gi',
      'imagefs.available': '1Gi',
    },
    volumeStatsAggPeriod: '-1s',
    shutdownGracePeriod: '0s',
    enableDebuggingHandlers: true,
    registerNode: true,
  };
}

function proxyConfig(node: Node): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: node.name,
    clientConnection: { kubeconfig: join(pki, 'kube-proxy.kubeconfig') },
    clusterCIDR: podCidr,
    detectLocalMode: 'ClusterCIDR',
    bindAddress: node.address,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    iptables: { localhostNodePorts: false },
    // The machine's table of connections is the machine's business.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    oomScoreAdj: 0,
  };
}
