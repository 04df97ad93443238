/** Keeps the volume mounted on one node, by a process that goes on when this one ends. */
import { readFile } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { readEnv } from '../../functions/lib/function/env.ts';
import type { Logger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { attempt, CommandError, run } from '../../scripts/lib/shell.ts';
import { volume } from '../keeper/options.ts';
import { decide, isMounted, type MountState } from './decide.ts';
import { makeRefuges } from './refuge.ts';

const environment = {
  SERVERS: z.string().transform((list) => list.split(',')),
  /** Where the volume is mounted, below a folder whose mounts the host shares. */
  MOUNT_POINT: z.string().startsWith('/'),
  /** The host's control groups. */
  CONTROL_GROUPS: z.string().startsWith('/'),
};

type Place = z.infer<z.ZodObject<typeof environment>>;

/** Milliseconds between two looks. */
const pause = 2000;

export async function keepMounted(log: Logger, signal: AbortSignal): Promise<void> {
  const place = readEnv(environment);
  await close(place.MOUNT_POINT, log);
  while (!signal.aborted) {
    await pass(place, log).catch((error: unknown) => log.warn({ error }, 'tried again'));
    await delay(pause, undefined, { signal });
  }
}

async function pass(place: Place, log: Logger): Promise<void> {
  const step = decide(await look(place.MOUNT_POINT));
  if (step === 'nothing') return;
  log.info({ step }, 'next');
  if (step === 'mount-anew') await run('umount', ['--lazy', place.MOUNT_POINT]);
  await mount(place);
}

async function look(point: string): Promise<MountState> {
  const mounted = isMounted(await readFile('/proc/self/mountinfo', 'utf8'), point);
  return { mounted, answer: mounted ? await answerOf(point) : 'dead' };
}

/** Asked by another process: one that waits for a file system cannot be stopped from waiting. */
async function answerOf(point: string): Promise<MountState['answer']> {
  try {
    await run('stat', ['--file-system', point], { timeout: 10_000 });
    return 'fine';
  } catch (error) {
    const said = error instanceof CommandError ? error.output : '';
    return said.includes('endpoint is not connected') ? 'dead' : 'late';
  }
}

/**
 * Makes the bare folder one that nobody can write to, not even root: what a pod wrote there while nothing is mounted
 * would be on this node's own disk, and out of sight as soon as the volume is back.
 */
async function close(point: string, log: Logger): Promise<void> {
  if (isMounted(await readFile('/proc/self/mountinfo', 'utf8'), point)) return;
  await mkdir(point, { recursive: true, mode: 0o555 });
  if ((await attempt('chattr', ['+i', point])) !== undefined) return;
  log.warn(
    'this file system knows no immutable folders: an empty one, read-only, lies under the mount',
  );
  await run('mount', ['-t', 'tmpfs', '-o', 'ro,size=4k,mode=0555', 'closed', point]);
}

/** The process behind the mount first leaves the pod's control groups, then becomes Gluster's client. */
async function mount({ SERVERS, MOUNT_POINT, CONTROL_GROUPS }: Place): Promise<void> {
  const groups = await makeRefuges(CONTROL_GROUPS);
  const flee = groups.map((file) => `echo $$ > ${file}`);
  const client = [
    ...['glusterfs', '--process-name=fuse', `--volfile-id=${volume}`],
    ...SERVERS.map((server) => `--volfile-server=${server}`),
    ...['--fuse-mountopts=noatime,nosuid,nodev', '--log-level=WARNING'],
    ...[`--log-file=${MOUNT_POINT}.log`, MOUNT_POINT],
  ];
  await run('setsid', ['sh', '-c', [...flee, 'exec "$@"'].join(' && '), 'sh', ...client]);
  await until({ what: 'the volume to be mounted', timeoutMs: 30_000 }, async () =>
    isMounted(await readFile('/proc/self/mountinfo', 'utf8'), MOUNT_POINT),
  );
}
