/**
 * Vault over its HTTP API, whichever of its members leads. The function logs in with its
 * service-account token (`jwt` auth) and again before the Vault token ends, or when Vault
 * answers 403, since tokens die with a restored or rekeyed Vault.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ExponentialBackoff, handleType, retry } from 'cockatiel';
import { withDeadline } from '../deadline.ts';
import { Unavailable } from '../errors.ts';
import { Suspects, type Tell } from '../suspicion/suspects.ts';
import {
  createMember,
  late,
  VaultFailed,
  VaultUnavailable,
  VaultUnreachable,
  type Answer,
  type Exchange,
  type Method,
} from './exchange.ts';
import { Leader } from './leader.ts';
import { VaultRefusal } from './refusal.ts';
import { Session } from './session.ts';

export { VaultRefusal, VaultUnavailable };

/** Paths are without `v1/`; the caller encodes whatever of them came from outside. */
export interface Vault {
  /**
   * @returns the answer's `data` member (for KV v2 that holds `data` and `metadata` again), or
   *   undefined when there is nothing at the path
   */
  read(path: string): Promise<Record<string, unknown> | undefined>;
  /** @returns the answer's `data` member, when it has one */
  write(path: string, body?: Record<string, unknown>): Promise<Record<string, unknown> | undefined>;
  /** Deletes; what is absent is fine. */
  remove(path: string): Promise<void>;
  /** The names under a path; those that end in `/` have more below. */
  list(path: string): Promise<string[]>;
}

export interface VaultOptions {
  /** Of every member: `https://vault-0.vault-internal.selvedge-storage.svc:8200`. */
  addresses: string[];
  /** The role of `auth/jwt` to log in as. */
  role: string;
  /** The file with the service-account token; read at every login, since kubelet renews it. */
  tokenFile: string;
  /** The file with the CA that Vault's certificate must come from. */
  caFile?: string;
  /** Milliseconds for one exchange with one member. */
  timeoutMs?: number;
  /** Hears of members that do not answer. */
  tell?: Tell;
}

/** Milliseconds for one exchange with one member: less than an election takes, so that it is asked again after. */
const defaultTimeout = 5_000;

/**
 * While one member takes over from another none of them can: whoever leads then is asked again, for longer
 * than an election takes (some 5 s) and for less than callers wait.
 */
const takeover = retry(handleType(Unavailable), {
  maxAttempts: 20,
  backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 500 }),
});

/**
 * Every method throws VaultUnavailable when Vault is sealed, in standby without a leader, or does
 * not answer in time, and VaultRefusal when it refuses.
 */
export function connectVault(options: VaultOptions): Vault {
  const { role, tokenFile, addresses, timeoutMs = defaultTimeout } = options;
  const send = asking(options);
  // Each member may be asked, and a login may come before.
  const most = timeoutMs * (addresses.length + 1);

  const session = new Session(async () => {
    const jwt = (await readFile(tokenFile, 'utf8')).trim();
    const { auth } = (await send('POST', 'auth/jwt/login', { role, jwt })) ?? {};
    if (!auth) throw new VaultUnavailable('Vault did not answer the login with a token');
    // A third is left for calls under way; a token without an end is renewed hourly.
    const seconds = auth.lease_duration > 0 ? (auth.lease_duration * 2) / 3 : 3600;
    return { token: auth.client_token, until: Date.now() + seconds * 1000 };
  });

  const call = async (
    method: Method,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<Answer | undefined> => {
    const token = await session.token();
    try {
      return await send(method, path, body, token);
    } catch (error) {
      if (!(error instanceof VaultRefusal) || error.status !== 403) throw error;
      session.forget(token);
      return send(method, path, body, await session.token());
    }
  };

  const bounded = (
    method: Method,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<Answer | undefined> => withDeadline(most, call(method, path, body), () => late(most));

  return {
    read: async (path) => (await bounded('GET', path))?.data,
    write: async (path, body) => (await bounded('POST', path, body ?? {}))?.data,
    remove: async (path) => {
      await bounded('DELETE', path);
    },
    list: async (path) => ((await bounded('LIST', path))?.data?.keys ?? []) as string[],
  };
}

/** An exchange with the member that leads. */
function asking({ addresses, caFile, timeoutMs = defaultTimeout, tell }: VaultOptions): Exchange {
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  const members = new Map(
    addresses.map((address) => [address, createMember({ address, ca, timeoutMs })]),
  );
  const drop = (address: string): void => members.get(address)?.drop();
  const suspects = new Suspects({ kind: 'vault', tell, drop });
  const ask = (address: string, asked: Parameters<Exchange>): Promise<Answer | undefined> =>
    suspects.inTurn([address], async () => {
      try {
        return await members.get(address)?.exchange(...asked);
      } catch (error) {
        // failover hears of it, and looks whether it leads while another does.
        const isAtFault = error instanceof VaultUnreachable || error instanceof VaultFailed;
        if (isAtFault) suspects.failed(address);
        throw error;
      }
    });
  const leader = new Leader({
    inOrder: () => suspects.inOrder(addresses),
    ask: (address) => ask(address, ['GET', 'sys/leader']),
  });
  return (...asked) =>
    takeover.execute(async () => {
      const address = await leader.address();
      try {
        return await ask(address, asked);
      } catch (error) {
        if (error instanceof Unavailable) leader.forget(address);
        throw error;
      }
    });
}
