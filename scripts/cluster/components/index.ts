import { basename, join } from 'node:path';

/** A command that a build runs, without a shell, in its component's folder. */
export interface Command {
  program: string;
  args: string[];
}

/** One part of the local cluster that is built from source. */
export interface Component {
  /** The folder the commands run in. Its files decide, with them and the Go version, when to build anew. */
  source: string;
  /** Of those files only the ones here or below, where a module serves several components. */
  parts?: string[];
  /** What the built folder holds, relative to it, other names of a binary included. */
  binaries: string[];
  /** Other names of a binary: it does what the name it is started under says. */
  links: Record<string, string>;
  /** Go packages whose modules can be fetched ahead, while another component still compiles. */
  fetch: Command[];
  /** The commands that fill the folder `out`. */
  build: (out: string) => Command[];
}

interface GoOptions {
  /** The module's folder. */
  module: string;
  /** Packages to build, by the subfolder of the result they go to (two modules may both have a `controller`). */
  packages: Record<string, string[]>;
  tags?: string;
  /** String variables the linker sets, by their full name. */
  variables?: Record<string, string>;
  links?: Record<string, string>;
}

const folderOf = (name: string): string => join(import.meta.dirname, name);

/** The name `go build` gives a package's binary; "." is the module's own main.go. */
const binaryOf = (module: string, goPackage: string): string =>
  basename(goPackage === '.' ? module : goPackage);

const isOwn = (goPackage: string): boolean => goPackage.startsWith('.');

function goComponent({ module, packages, tags, variables = {}, links = {} }: GoOptions): Component {
  const all = Object.values(packages).flat();
  const tagged = tags === undefined ? [] : ['-tags', tags];
  // Without symbols and debug data the binaries are a third smaller: they end up in images, on three nodes.
  const linker = [
    '-s',
    '-w',
    ...Object.entries(variables).map(([variable, value]) => `-X ${variable}=${value}`),
  ];
  const flags = [
    '-v',
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    '-ldflags',
    linker.join(' '),
    ...tagged,
  ];
  const built = Object.entries(packages).flatMap(([folder, list]) =>
    list.map((goPackage) => join(folder, binaryOf(module, goPackage))),
  );
  return {
    source: folderOf(module),
    parts: ['go.mod', 'go.sum', ...all.filter(isOwn).map(folderIn)],
    binaries: [...built, ...Object.keys(links)],
    links,
    fetch: [{ program: 'go', args: ['list', '-deps', ...tagged, ...all] }],
    build: (out) =>
      Object.entries(packages).map(([folder, list]) => ({
        program: 'go',
        args: ['build', ...flags, '-o', `${join(out, folder)}/`, ...list],
      })),
  };
}

/** Of the module itself all is a part. */
const folderIn = (goPackage: string): string => (goPackage === '.' ? '' : join(goPackage, '/'));

const kubernetesVersion = 'k8s.io/component-base/version';
const kubernetesCommands = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
];

/** The commands that Knative's release manifests need for Services, Triggers, ApiServerSource and PingSource. */
const knativeCommands = {
  serving: ['activator', 'autoscaler', 'controller', 'queue', 'webhook'],
  'net-kourier': ['kourier'],
  eventing: ['apiserver_receive_adapter', 'controller', 'mtping', 'webhook'],
};

/** What we build for the commands of Knative's RabbitMQ Broker; but for the ingress they are ours. */
const rabbitmqCommands: Record<string, string> = {
  'controller/broker': 'controller',
  dispatcher: 'dispatcher',
  ingress: 'ingress',
};

/** A binary by its path in the folder of the component that it is built with. */
export interface Binary {
  component: 'knative' | 'rabbitmq-broker';
  path: string;
}

/**
 * The binary that a `ko://` image reference of Knative's manifests stands for.
 * @param reference such as `ko://knative.dev/eventing/cmd/mtping`
 * @returns such as `eventing/mtping` of `knative`; undefined for a command that is not built
 */
export function knativeBinary(reference: string): Binary | undefined {
  const [, module = '', command = ''] =
    /^ko:\/\/knative\.dev\/([^/]+)\/cmd\/(.+)$/.exec(reference) ?? [];
  if (module === 'eventing-rabbitmq') {
    const path = rabbitmqCommands[command];
    return path === undefined ? undefined : { component: 'rabbitmq-broker', path };
  }
  const built = Object.entries(knativeCommands).some(
    ([name, list]) => name === module && list.includes(command),
  );
  return built
    ? { component: 'knative', path: join(module, binaryOf(module, command)) }
    : undefined;
}

/**
 * Every component by name, in the order in which they are built. A cold start waits for its nodes, and
 * they for Kubernetes; then for what every pod needs; then the storage tiers come up while Knative is
 * built, and Knative while Fabric is.
 */
export const components = {
  kubernetes: goComponent({
    module: 'cluster',
    packages: { '': ['./kubernetes'] },
    variables: {
      [`${kubernetesVersion}.gitVersion`]: 'v1.34.3',
      [`${kubernetesVersion}.gitMajor`]: '1',
      [`${kubernetesVersion}.gitMinor`]: '34',
      [`${kubernetesVersion}.gitTreeState`]: 'clean',
    },
    links: Object.fromEntries(kubernetesCommands.map((command) => [command, 'kubernetes'])),
  }),
  etcd: goComponent({ module: 'etcd', packages: { '': ['.'] }, links: { etcdctl: 'etcd' } }),
  'kube-router': goComponent({ module: 'cluster', packages: { '': ['./kube-router'] } }),
  coredns: goComponent({ module: 'cluster', packages: { '': ['./coredns'] } }),
  'local-path-provisioner': goComponent({
    module: 'cluster',
    packages: { '': ['github.com/rancher/local-path-provisioner'] },
  }),
  // Vault's other storage backends, engines and cloud plugins take over a quarter of an hour to compile.
  vault: goComponent({
    module: 'vault',
    packages: { '': ['github.com/hashicorp/vault'] },
    tags: 'minimal',
  }),
  minio: goComponent({ module: 'minio', packages: { '': ['github.com/minio/minio'] } }),
  knative: goComponent({
    module: 'cluster',
    packages: Object.fromEntries(
      Object.entries(knativeCommands).map(([module, list]) => [
        module,
        list.map((command) => `knative.dev/${module}/cmd/${command}`),
      ]),
    ),
  }),
  // The Broker on RabbitMQ: commands of ours around the code of others, and Knative's ingress as it is.
  'rabbitmq-broker': goComponent({
    module: 'cluster',
    packages: {
      '': [
        './rabbitmq-broker/controller',
        './rabbitmq-broker/dispatcher',
        './rabbitmq-broker/topology',
        'knative.dev/eventing-rabbitmq/cmd/ingress',
      ],
    },
  }),
  fabric: {
    source: join(import.meta.dirname, '../../../fabric-peer-fork'),
    binaries: ['peer', 'orderer'],
    links: {},
    fetch: [],
    build: (out) => [{ program: process.execPath, args: ['build.ts', out] }],
  },
} satisfies Record<string, Component>;

export type ComponentName = keyof typeof components;

/** The names of all components, in the order in which they are built. */
export const componentNames = Object.keys(components) as ComponentName[];
