import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { members } from './cgroups.ts';
import { checkout, runtime } from '../settings.ts';

/** A machine has room for one cluster: its addresses are fixed. This says whose it is. */
const record = join(runtime, 'owner');

export interface Ownership {
  /** The checkout that started what is here; undefined when nothing is. */
  owner: string | undefined;
  /** Whether that checkout is still there. */
  ownerExists: boolean;
  /** Whether any process of the cluster runs. */
  alive: boolean;
}

/** Looks who has started the cluster of this machine. */
export async function ownership(): Promise<Ownership> {
  const owner = (await readFile(record, 'utf8').catch(() => undefined))?.trim();
  return {
    owner,
    ownerExists: owner !== undefined && existsSync(join(owner, 'package.json')),
    alive: (await members()).length > 0,
  };
}

/**
 * Whether a cluster of another checkout is in the way: it runs, and its checkout is there to stop it.
 * @returns one sentence that says so, or undefined
 */
export function inTheWay(
  { owner, ownerExists, alive }: Ownership,
  here = checkout,
): string | undefined {
  if (owner === undefined || owner === here || !ownerExists || !alive) return undefined;
  return `The cluster of ${owner} runs on this machine, which has room for one: run \`npm stop\` there first.`;
}

/** Makes this checkout the owner. */
export async function claim(): Promise<void> {
  await mkdir(runtime, { recursive: true, mode: 0o700 });
  await writeFile(record, `${checkout}\n`);
}
