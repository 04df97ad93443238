/** One exchange with one member of Vault, its errors translated: the only user of `node-vault`. */
import { Agent } from 'node:https';
import createClient from 'node-vault';
import { withDeadline } from '../deadline.ts';
import { Unavailable } from '../errors.ts';
import { VaultRefusal } from './refusal.ts';

/** Vault is sealed, in standby without a leader, or does not answer. */
export class VaultUnavailable extends Unavailable {
  override readonly kind = 'unavailable' as const;
}

/** It says of itself that it failed: another may not. */
export class VaultFailed extends VaultUnavailable {}

/** The member cannot be reached at all. */
export class VaultUnreachable extends VaultUnavailable {}

export type Method = 'GET' | 'POST' | 'DELETE' | 'LIST';

export interface Answer {
  data?: Record<string, unknown>;
  auth?: { client_token: string; lease_duration: number };
  /** Of `sys/leader`: whether it is the member itself. */
  is_self?: boolean;
}

/** @returns undefined for 404 */
export type Exchange = (
  method: Method,
  path: string,
  json?: Record<string, unknown>,
  token?: string,
) => Promise<Answer | undefined>;

export interface Member {
  exchange: Exchange;
  /** Closes its connections, whoever waits for an answer on one of them. */
  drop(): void;
}

export interface MemberOptions {
  address: string;
  ca: Buffer | undefined;
  /** Milliseconds for one exchange. */
  timeoutMs: number;
}

export function createMember({ address, ca, timeoutMs }: MemberOptions): Member {
  const agent = new Agent({ keepAlive: true, ...(ca && { ca }) });
  const client = createClient({
    endpoint: address,
    // node-vault's debug log prints request bodies, keys included.
    debug: () => undefined,
    // Its default turns TLS checks off when VAULT_SKIP_VERIFY is set.
    rpDefaults: { strictSSL: true, timeout: timeoutMs },
  } as Parameters<typeof createClient>[0]);
  client.token = '';

  const exchange: Exchange = async (method, path, json, token) => {
    const request = client.request({
      method,
      path: `/${path}`,
      headers: token === undefined ? {} : { 'X-Vault-Token': token },
      httpsAgent: agent,
      ...(json === undefined ? {} : { json }),
    }) as Promise<Answer>;
    try {
      return await withDeadline(timeoutMs, request, () => late(timeoutMs));
    } catch (error) {
      const failure = translate(error, path);
      if (failure) throw failure;
      return undefined;
    }
  };
  return { exchange, drop: () => agent.destroy() };
}

export function late(ms: number): VaultUnavailable {
  return new VaultUnavailable(`Vault did not answer within ${ms / 1000} s`);
}

/**
 * The error to throw, or undefined for «nothing there». The SDK's error is not kept as `cause`:
 * it holds the request with its token and body.
 */
function translate(error: unknown, path: string): Error | undefined {
  if (error instanceof Unavailable) return error;
  const { response, message, code } = error as {
    response?: { statusCode?: number };
    message: string;
    code?: string;
  };
  const status = response?.statusCode;
  if (status === undefined) {
    return new VaultUnreachable(`Vault cannot be reached (${code ?? message})`, { retryAfter: 5 });
  }
  return status === 404 ? undefined : refusal(status, message, path);
}

function refusal(status: number, message: string, path: string): Error {
  if (status === 503)
    return new VaultUnavailable('Vault is sealed or in standby', { retryAfter: 5 });
  if (status >= 500 || isLeaderless(message))
    return new VaultFailed(`Vault answered ${status}: ${message}`);
  if (status === 429) return new VaultUnavailable(`Vault answered ${status}: ${message}`);
  if (path === 'auth/jwt/login') {
    // The role or the issuer's keys may not be set up yet; a later try can succeed.
    return new VaultUnavailable(`Vault refused the login: ${message}`, { retryAfter: 5 });
  }
  return new VaultRefusal(status, message, path);
}

/** A member that has lost the leadership and does not know refuses writes, some with 400. */
function isLeaderless(message: string): boolean {
  return /node is not the leader|failed to update mount table/.test(message);
}
