/** Brings the members of a Vault from empty volumes to unsealed, from any point in between. */
import type { Logger } from '../lib/log.ts';
import { until } from '../lib/until.ts';
import {
  refusalOf,
  type SealStatus,
  type UnsealKeys,
  type VaultMember,
} from '../lib/vault/members.ts';
import { VaultRefusal } from '../lib/vault/refusal.ts';

/** Where the unseal keys are kept. */
export interface KeyStore {
  read(): Promise<UnsealKeys | undefined>;
  /** Proves that `save` will work, before there is anything that must not be lost. */
  prepare(): Promise<void>;
  save(keys: UnsealKeys): Promise<void>;
}

export interface Opened {
  keys: UnsealKeys;
  /** Only from the run that initialized the Vault. */
  rootToken?: string;
}

export interface OpenOptions {
  members: VaultMember[];
  store: KeyStore;
  shares: number;
  threshold: number;
  log: Logger;
  /** Milliseconds for each member to start, to join and to be unsealed. */
  timeoutMs?: number;
}

/**
 * Initializes the first member if none is, and unseals all; the others join by themselves.
 *
 * One gap cannot be closed: Vault tells its keys once, so when this process ends between that
 * answer and the write to the store, they are lost, and with them an empty Vault.
 *
 * @throws Error when a Vault is initialized and its keys are not in the store
 */
export async function openVault(options: OpenOptions): Promise<Opened> {
  const { members, log, timeoutMs = 300_000 } = options;
  const states = await Promise.all(members.map((member) => answering(member, timeoutMs)));
  const opened = await keysOf(options, states);
  const first =
    members[
      Math.max(
        0,
        states.findIndex(({ initialized }) => initialized),
      )
    ];
  if (!first) throw new Error('a Vault needs members');
  // The others wait for an active member before they can join.
  for (const member of [first, ...members.filter((other) => other !== first)]) {
    await unsealed(member, opened.keys, timeoutMs);
    log.info({ member: member.address }, 'unsealed');
  }
  return opened;
}

async function keysOf(options: OpenOptions, states: SealStatus[]): Promise<Opened> {
  const { members, store, shares, threshold, log } = options;
  const known = await store.read();
  if (known) return { keys: known };
  if (states.some(({ initialized }) => initialized)) {
    throw new Error(
      'Vault is initialized and its unseal keys are not in the Secret: the run that initialized ' +
        'it ended before it could write them. The Vault holds nothing yet if this is a first ' +
        'installation; then delete its volumes (persistentvolumeclaims data-vault-*) and pods.',
    );
  }
  await store.prepare();
  const [first] = members;
  if (!first) throw new Error('a Vault needs members');
  const { rootToken, ...keys } = await first.initialize(shares, threshold);
  await until({ what: 'the unseal keys to be saved', timeoutMs: 120_000 }, async () => {
    await store.save(keys);
    return true;
  });
  log.info({ shares, threshold }, 'initialized');
  return { keys, rootToken };
}

function answering(member: VaultMember, timeoutMs: number): Promise<SealStatus> {
  return until({ what: `${member.address} to answer`, timeoutMs }, () => member.status());
}

function unsealed(member: VaultMember, keys: UnsealKeys, timeoutMs: number): Promise<unknown> {
  return until({ what: `${member.address} to be unsealed`, timeoutMs }, async () => {
    const { initialized, sealed } = await member.status();
    if (!sealed) return true;
    // A member that has not joined yet has no seal to open.
    if (!initialized) return false;
    return !(await member.unseal(keys)).sealed;
  });
}

/** Waits until the Vault behind a member has a leader: before that, it can store nothing. */
export function led(member: VaultMember, timeoutMs = 60_000): Promise<unknown> {
  return until({ what: 'a Vault leader', timeoutMs }, async () => {
    const { status, body } = await member.call('GET', 'sys/leader');
    return status === 200 && typeof body.leader_address === 'string' && body.leader_address !== '';
  });
}

/** Calls with a token until it is answered; a refusal other than «not now» is final. */
export function authorized(member: VaultMember, token: string) {
  return (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> =>
    until(
      {
        what: `Vault to take ${path}`,
        timeoutMs: 60_000,
        final: (error) => error instanceof VaultRefusal && error.status < 500,
      },
      async () => {
        const answer = await member.call(method, path, {
          token,
          ...(body === undefined ? {} : { body }),
        });
        if (answer.status >= 300 && answer.status !== 404) throw refusalOf(path, answer);
        return answer.status === 404 ? {} : answer.body;
      },
    );
}
