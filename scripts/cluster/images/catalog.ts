import { basename, join } from 'node:path';

import { bundle, entries } from './bundle.ts';
import {
  build,
  buildComponent,
  type Binary,
  type Component,
  type ComponentName,
} from '../components/build.ts';
import type { Context, Image } from './store.ts';
import { debianRoot } from './debian.ts';
import { envoyProgram } from './envoy.ts';
import { checkout } from '../settings.ts';
import { folderKey, stage } from './stage.ts';

type Progress = (line: string) => void;

const containerfile = (name: string): string => join(import.meta.dirname, `${name}.Containerfile`);

const fabricContainerfile = (name: string): string =>
  join(checkout, 'fabric-peer-fork', `${name}.Containerfile`);

/** What a component's build left; the folder's name tells its content. */
const built =
  (name: ComponentName) =>
  async (onProgress: Progress): Promise<Context> => {
    const folder = await buildComponent(name, { onProgress });
    return { folder, key: basename(folder) };
  };

const pauseSource: Component = {
  source: join(import.meta.dirname, 'pause'),
  binaries: ['pause'],
  links: {},
  fetch: [],
  build: (out) => [
    {
      program: 'go',
      args: ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', `${out}/`, '.'],
    },
  ],
};

export const pause: Image = {
  name: 'pause',
  containerfile: containerfile('program'),
  args: { PROGRAM: 'pause' },
  context: async (onProgress) => {
    const folder = await build('pause', pauseSource, { onProgress });
    return { folder, key: basename(folder) };
  },
};

export const coredns: Image = {
  name: 'coredns',
  containerfile: containerfile('coredns'),
  context: built('coredns'),
};

export const localPathProvisioner: Image = {
  name: 'local-path-provisioner',
  containerfile: containerfile('program'),
  args: { PROGRAM: 'local-path-provisioner' },
  context: built('local-path-provisioner'),
};

/** A shell and what it takes to make and remove folders. */
export const shell: Image = {
  name: 'shell',
  containerfile: containerfile('root'),
  context: () =>
    stage('shell', {
      '/bin/dash': '/bin/sh',
      '/bin/mkdir': '/bin/mkdir',
      '/bin/rm': '/bin/rm',
      '/bin/chmod': '/bin/chmod',
    }),
};

/** Node, the one that runs this. */
export const node: Image = {
  name: 'node',
  isBase: true,
  containerfile: containerfile('root'),
  context: () => stage('node', { [process.execPath]: '/usr/local/bin/node' }),
};

/** The storage tiers. */
export const tiers: Image[] = (['etcd', 'minio', 'vault'] as const).map((name) => ({
  name,
  containerfile: containerfile(name),
  context: built(name),
}));

/**
 * Debian's Gluster, and Node for what keeps it. Every `gluster` command asks `gsyncd` whether there is geo-replication,
 * which starts Python: 0.47 s of a core instead of 0.015 s, and keepers run several with each look.
 */
export const glusterfsRoot = (progress: Progress): Promise<Context> =>
  debianRoot(
    'glusterfs',
    {
      packages: ['glusterfs-server', 'mount', 'util-linux', 'nftables', 'iproute2', 'libstdc++6'],
      files: { [process.execPath]: '/usr/local/bin/node' },
      without: ['usr/lib/x86_64-linux-gnu/glusterfs/gsyncd'],
    },
    progress,
  );

const glusterfsBase: Image = {
  name: 'glusterfs-base',
  isBase: true,
  containerfile: containerfile('root'),
  context: glusterfsRoot,
};

/** Servers and clients of the replicated volume. */
export const glusterfs: Image = {
  name: 'glusterfs',
  containerfile: containerfile('glusterfs'),
  base: glusterfsBase,
  context: () => bundled('glusterfs'),
};

/** Debian's RabbitMQ, and Node for what keeps it. */
export const rabbitmqRoot = (progress: Progress): Promise<Context> =>
  debianRoot(
    'rabbitmq',
    {
      packages: ['rabbitmq-server', 'libstdc++6'],
      files: { [process.execPath]: '/usr/local/bin/node' },
    },
    progress,
  );

const rabbitmqBase: Image = {
  name: 'rabbitmq-base',
  isBase: true,
  containerfile: containerfile('root'),
  context: rabbitmqRoot,
};

/** Members of the tier that keeps events. */
export const rabbitmq: Image = {
  name: 'rabbitmq',
  containerfile: containerfile('rabbitmq'),
  base: rabbitmqBase,
  context: () => bundled('rabbitmq'),
};

/** One of the commands of Knative, or of its Broker. */
export function knativeImage({ component, path }: Binary): Image {
  return {
    name: `${component}-${path.replaceAll(/[/_]/g, '-')}`,
    containerfile: containerfile('program'),
    args: { PROGRAM: path },
    context: built(component),
  };
}

/** What makes the Broker's exchanges and queues. */
export const rabbitmqTopology: Image = {
  name: 'rabbitmq-topology',
  containerfile: containerfile('program'),
  args: { PROGRAM: 'topology' },
  context: built('rabbitmq-broker'),
};

/** The proxy under Kourier, a program for glibc out of a Python wheel. */
export const envoy: Image = {
  name: 'envoy',
  containerfile: containerfile('root'),
  context: async (progress) =>
    stage('envoy', { [await envoyProgram(progress)]: '/usr/local/bin/envoy' }),
};

/** What runs on Node. */
const onNode = (name: string): Image => ({
  name,
  containerfile: name === 'chaincode-node' ? fabricContainerfile(name) : containerfile('function'),
  base: node,
  context: () => bundled(name),
});

async function bundled(name: string): Promise<Context> {
  const folder = join(checkout, 'dist', name);
  await bundle(name, folder);
  return { folder, key: await folderKey(folder) };
}

/** The setup of the storage tiers. */
export const setup = onNode('setup');

/** Our functions, and the runtime of chaincode. */
export const functions: Image[] = Object.keys(entries)
  .filter((name) => ![setup.name, glusterfs.name, rabbitmq.name].includes(name))
  .map(onNode);

/** Fabric's two programs, the peer with our launcher. */
export const fabric: Image[] = ['peer', 'orderer'].map((name) => ({
  name,
  containerfile: fabricContainerfile(name),
  context: built('fabric'),
}));
