/**
 * The part of Vault's HTTP API that works on one member and needs no login: its seal, its
 * initialization, and making a root token from the unseal keys. Whoever holds the unseal keys
 * holds the Vault; they are read from one Secret and never logged.
 */
import { Agent, request, type RequestOptions } from 'node:https';
import { json as readBody } from 'node:stream/consumers';
import { Unavailable } from '../errors.ts';
import { VaultRefusal } from './refusal.ts';

/** What unseals a Vault: `threshold` of the `shares` (base64), as Vault gave them. */
export interface UnsealKeys {
  shares: string[];
  threshold: number;
}

export interface SealStatus {
  initialized: boolean;
  sealed: boolean;
}

/** One exchange with one member. A status is an answer, whatever it says. */
export interface VaultAnswer {
  status: number;
  body: Record<string, unknown>;
}

export interface VaultMember {
  /** e.g. `https://vault-0.vault-internal.selvedge.svc:8200` */
  readonly address: string;
  /** @throws Unavailable when the member does not listen */
  status(): Promise<SealStatus>;
  /** Since when it acts as the leader, by its own clock; undefined where it does not. */
  leadsSince(): Promise<Date | undefined>;
  /** Gives the keys and the first root token, once in the life of a Vault. */
  initialize(shares: number, threshold: number): Promise<UnsealKeys & { rootToken: string }>;
  /** Submits as many shares as are needed; unsealing an unsealed member changes nothing. */
  unseal(keys: UnsealKeys): Promise<SealStatus>;
  /**
   * Whether there is anything of a Vault on its disk. One that has lost it says that it is initialized and sealed, as
   * any other, once it is about to join the others.
   */
  hasData(): Promise<boolean>;
  /** Any path below `/v1/`, for whoever has a token. */
  call(method: string, path: string, options?: CallOptions): Promise<VaultAnswer>;
}

export interface CallOptions {
  token?: string;
  body?: unknown;
  /** Milliseconds for this call, where the member's own bound is too short. */
  timeoutMs?: number;
}

/** What a member's answer says, when it is a refusal. */
export function refusalOf(path: string, { status, body }: VaultAnswer): VaultRefusal {
  const reason = Array.isArray(body.errors) ? body.errors.join('; ') : 'no reason given';
  return new VaultRefusal(status, reason, path);
}

export interface MemberOptions {
  address: string;
  /** PEM of the authority that issued the member's certificate. */
  ca: string | Buffer;
  /** Milliseconds for one call. */
  timeoutMs?: number;
}

/** Every method throws Unavailable when the member cannot be reached, VaultRefusal when it refuses. */
export function connectMember({ address, ca, timeoutMs = 5_000 }: MemberOptions): VaultMember {
  const agent = new Agent({ ca, keepAlive: false });
  const call = (method: string, path: string, options: CallOptions = {}): Promise<VaultAnswer> =>
    exchange(new URL(`/v1/${path}`, address), { method, agent, timeoutMs, ...options });
  const expect = async (method: string, path: string, options: CallOptions = {}) => {
    const answer = await call(method, path, options);
    if (answer.status >= 300) throw refusalOf(path, answer);
    return answer.body;
  };

  return {
    address,
    call,
    status: async () => sealStatus(await expect('GET', 'sys/seal-status')),

    async leadsSince() {
      const { is_self, active_time } = await expect('GET', 'sys/leader');
      return is_self === true ? new Date(String(active_time)) : undefined;
    },

    async hasData() {
      // To join nobody is nothing to do for one that has data, and a failure for one that has none.
      const path = 'sys/storage/raft/join';
      const answer = await call('POST', path, { body: {} });
      if (answer.status < 300) return true;
      const refusal = refusalOf(path, answer);
      if (refusal.message.includes('failed to get raft challenge')) return false;
      throw refusal;
    },

    async initialize(shares, threshold) {
      const body = { secret_shares: shares, secret_threshold: threshold };
      // The answer is the only copy of the keys, and the first election comes before it.
      const made = await expect('PUT', 'sys/init', { body, timeoutMs: 180_000 });
      return {
        shares: made.keys_base64 as string[],
        threshold,
        rootToken: made.root_token as string,
      };
    },

    async unseal({ shares, threshold }) {
      // Shares of an attempt that was cut off would be counted with ours.
      let status = sealStatus(await expect('PUT', 'sys/unseal', { body: { reset: true } }));
      for (const key of shares.slice(0, threshold)) {
        if (!status.sealed) break;
        status = sealStatus(
          await expect('PUT', 'sys/unseal', { body: { key }, timeoutMs: 30_000 }),
        );
      }
      return status;
    },
  };
}

/**
 * A root token made from the unseal keys (`sys/generate-root`). It is for one short use: revoke it.
 */
export async function generateRoot(member: VaultMember, keys: UnsealKeys): Promise<string> {
  const path = 'sys/generate-root';
  // An attempt that was cut off would stand in the way.
  await must(member, 'DELETE', `${path}/attempt`);
  const attempt = await must(member, 'PUT', `${path}/attempt`, {});
  for (const key of keys.shares.slice(0, keys.threshold)) {
    const update = await must(member, 'PUT', `${path}/update`, { key, nonce: attempt.nonce });
    if (update.complete === true) {
      return decodeRoot(String(update.encoded_root_token), String(attempt.otp));
    }
  }
  throw new Unavailable('the unseal keys did not suffice for a root token');
}

/** The token comes as base64 (unpadded) of its bytes XOR the one-time password. */
export function decodeRoot(encoded: string, otp: string): string {
  const pad = Buffer.from(otp);
  return Buffer.from(encoded, 'base64')
    .map((byte, index) => byte ^ (pad[index] ?? 0))
    .toString();
}

async function must(member: VaultMember, method: string, path: string, body?: unknown) {
  const answer = await member.call(method, path, body === undefined ? {} : { body });
  if (answer.status >= 300) throw refusalOf(path, answer);
  return answer.body;
}

function sealStatus({ initialized, sealed }: Record<string, unknown>): SealStatus {
  // A member that answers a reset without a status counts as sealed.
  return { initialized: initialized !== false, sealed: sealed !== false };
}

function exchange(
  url: URL,
  {
    body,
    token,
    timeoutMs,
    ...options
  }: CallOptions & RequestOptions & { method: string; timeoutMs: number },
): Promise<VaultAnswer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new Unavailable(`${url.host} does not answer`, { cause }));
    };
    const headers = {
      ...(token !== undefined && { 'x-vault-token': token }),
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request(url, { ...options, headers, signal }, (response) => {
      const status = response.statusCode ?? 0;
      if (status === 204) {
        response.resume();
        resolve({ status, body: {} });
        return;
      }
      readBody(response).then(
        (parsed) => resolve({ status, body: (parsed ?? {}) as Record<string, unknown> }),
        fail,
      );
    });
    call.on('error', fail);
    call.end(payload);
  });
}
