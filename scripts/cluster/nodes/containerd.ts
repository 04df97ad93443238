import { join } from 'node:path';

import { registry, runtime, type Node } from '../settings.ts';

/** Where a node's container runtime listens. */
export const containerdSocket = (node: Node): string => join(runtime, node.name, 'containerd.sock');

/** Debian's folder of the CNI plugins. */
const plugins = '/usr/lib/cni';

const quoted = (text: string): string => JSON.stringify(text);

/** What neither of a node's configurations asks for. */
const unused = [
  ...['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `io.containerd.snapshotter.v1.${name}`),
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.opt',
  'io.containerd.tracing.processor.v1.otlp',
];

/** Of a containerd apart from any other on the machine (version 2, as of containerd 1.6). */
function basicConfig(node: Node, folder: string, disabled: string[]): string {
  return `version = 2
root = ${quoted(imagesFolder(folder))}
state = ${quoted(join(runtime, node.name, 'containerd'))}
oom_score = 0
disabled_plugins = ${JSON.stringify(disabled)}
[debug]
  level = "warn"
[grpc]
  address = ${quoted(containerdSocket(node))}
`;
}

/** Where a node's container runtime looks for its images. */
export const imagesFolder = (folder: string): string => join(folder, 'containerd');

/** For a look at what is kept before anything runs: a container runtime that takes up nothing of it. */
export function keeperConfig(node: Node, folder: string): string {
  return basicConfig(node, folder, [...unused, 'io.containerd.grpc.v1.cri']);
}

/** A node's containerd configuration. */
export function containerdConfig(node: Node, folder: string, pauseImage: string): string {
  return `${basicConfig(node, folder, unused)}[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${quoted(pauseImage)}
  # Lowering the score takes CAP_SYS_RESOURCE, which root need not have: every sandbox would fail.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${quoted(plugins)}
    conf_dir = ${quoted(join(folder, 'cni'))}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    discard_unpacked_layers = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    Root = ${quoted(join(runtime, node.name, 'runc'))}
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors.${quoted(registry)}]
    endpoint = [${quoted(`http://${registry}`)}]
`;
}

/**
 * How pods are connected (CNI 0.4). Point to point, not bridged: so that also what pods of one node say to each
 * other by way of a Service passes the rules of kube-proxy in both directions.
 */
export function podNetworkConfig(node: Node, folder: string): string {
  const config = {
    cniVersion: '0.4.0',
    name: 'selvedge',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        mtu: 1500,
        ipam: {
          type: 'host-local',
          dataDir: join(folder, 'addresses'),
          ranges: [[{ subnet: node.podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
  return JSON.stringify(config, undefined, 2);
}
