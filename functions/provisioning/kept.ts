/**
 * What a network cannot have made a second time, kept in Vault beside where it is used: identities
 * that its channels pin, first blocks, which orderers have joined. Read by provisioning alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Vault } from '../lib/vault/client.ts';
import { keptMetadataPath, keptPath, type Place } from './resources/names.ts';
import type { Plan } from './resources/plan.ts';
import { Refused } from './fault.ts';

/** What is to be done about a thing that there should be twice: where it is used, and in Vault. */
export type Decision = 'keep' | 'store' | 'restore' | 'mint' | 'refuse';

/** Both copies, undefined where there is none, and whether something depends on their content. */
export interface Copies {
  here: unknown;
  kept: unknown;
  pinned: boolean;
}

/** Vault's copy counts where they differ: it is written first, and once. */
export function decideKept({ here, kept, pinned }: Copies): Decision {
  if (kept !== undefined) return isDeepStrictEqual(here, kept) ? 'keep' : 'restore';
  if (here !== undefined) return 'store';
  return pinned ? 'refuse' : 'mint';
}

/** Bytes of an entry: Vault's storage takes 1 MiB with what it adds for itself. */
const largestBytes = 1000 * 1000;

/** Names are relative to the network, parts separated by `/`. Throws as `Vault` does. */
export interface Kept {
  read(name: string): Promise<Record<string, unknown> | undefined>;
  /**
   * @throws Refused `TooLarge` when it is more than Vault takes
   * @throws VaultRefusal with `once`, when something is kept under the name already
   */
  write(name: string, value: Record<string, unknown>, options?: { once: boolean }): Promise<void>;
}

export function createKept(vault: Vault, plan: Pick<Plan, 'id'>): Kept {
  return {
    async read(name) {
      const answer = await vault.read(`${keptPath(plan.id)}/${name}`);
      return (answer?.['data'] ?? undefined) as Record<string, unknown> | undefined;
    },

    async write(name, data, options) {
      const size = Buffer.byteLength(JSON.stringify(data));
      if (size > largestBytes) {
        const message = `${name} is ${size} bytes, Vault keeps at most ${largestBytes}`;
        throw new Refused({ reason: 'TooLarge', message });
      }
      const once = options?.once && { options: { cas: 0 } };
      await vault.write(`${keptPath(plan.id)}/${name}`, { data, ...once });
    },
  };
}

/** Removes all that is kept of a network, every version of it. */
export async function forget(vault: Vault, network: Place): Promise<void> {
  await forgetBelow(vault, keptMetadataPath(network));
}

async function forgetBelow(vault: Vault, path: string): Promise<void> {
  for (const name of await vault.list(path)) {
    if (name.endsWith('/')) await forgetBelow(vault, `${path}/${name.slice(0, -1)}`);
    else await vault.remove(`${path}/${name}`);
  }
}
