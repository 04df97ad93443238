import { readFile, readdir, readlink, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { nodes, runtime } from '../settings.ts';

/** Folders whose place the kubelet, containerd and the CNI library have fixed; others may use them as well. */
const places = {
  shims: '/run/containerd/s',
  networks: '/var/lib/cni/results',
  logs: '/var/log/containers',
  plugins: '/var/lib/kubelet/device-plugins',
};

/** Finds what a cluster put outside its own folders; to be asked while its state is still there. */
export async function findLeftovers(): Promise<string[]> {
  const found = await Promise.all(
    nodes.map(({ name }) => ofNode(join(runtime, name, 'containerd'))),
  );
  if (found.flat().length === 0) return [];
  return [...found.flat(), ...(await logLinks()), join(places.plugins, 'kubelet.sock')];
}

async function ofNode(containerd: string): Promise<string[]> {
  const sandboxes = await list(join(containerd, 'io.containerd.grpc.v1.cri', 'sandboxes'));
  const networks = (await list(places.networks)).filter((name) =>
    sandboxes.some((id) => name.includes(id)),
  );
  return [
    ...(await shimSockets(join(containerd, 'io.containerd.runtime.v2.task', 'k8s.io'))),
    ...networks.map((name) => join(places.networks, name)),
  ];
}

/** A shim's bundle holds the address of its socket. */
async function shimSockets(bundles: string): Promise<string[]> {
  const addresses = await Promise.all(
    (await list(bundles)).map((id) =>
      readFile(join(bundles, id, 'address'), 'utf8').catch(() => ''),
    ),
  );
  return addresses
    .map((address) => address.replace('unix://', ''))
    .filter((path) => dirname(path) === places.shims);
}

async function logLinks(): Promise<string[]> {
  const paths = (await list(places.logs)).map((name) => join(places.logs, name));
  const targets = await Promise.all(paths.map((path) => readlink(path).catch(() => '')));
  return paths.filter((_, index) => targets[index]?.startsWith(`${runtime}/`));
}

/** Removes what was found, and the folders it was in where nothing else is in them. */
export async function removeLeftovers(paths: string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
  if (paths.length === 0) return;
  for (const folder of Object.values(places)) {
    await rmdir(folder).catch(() => undefined);
    await rmdir(dirname(folder)).catch(() => undefined);
  }
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
