/**
 * Vault over its HTTP API: the only user of `node-vault`. The function logs in with its
 * service-account token (`jwt` auth) and again before the Vault token ends, or when Vault
 * answers 403, since tokens die with a restored or rekeyed Vault.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import createClient from 'node-vault';
import { withDeadline } from '../deadline.ts';
import { Unavailable } from '../errors.ts';
import { VaultRefusal } from './refusal.ts';

export { VaultRefusal };

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
  /** e.g. `https://vault.selvedge.svc:8200` */
  address: string;
  /** The role of `auth/jwt` to log in as. */
  role: string;
  /** The file with the service-account token; read at every login, since kubelet renews it. */
  tokenFile: string;
  /** The file with the CA that Vault's certificate must come from. */
  caFile?: string;
  /** Milliseconds for one call. */
  timeoutMs?: number;
}

/** Vault is sealed, in standby without a leader, or does not answer. */
export class VaultUnavailable extends Unavailable {
  override readonly kind = 'unavailable' as const;
}

type Method = 'GET' | 'POST' | 'DELETE' | 'LIST';
interface Answer {
  data?: Record<string, unknown>;
  auth?: { client_token: string; lease_duration: number };
}
interface Session {
  token: string;
  /** Milliseconds since the epoch after which to log in anew. */
  until: number;
}

/**
 * Every method throws VaultUnavailable when Vault is sealed, in standby without a leader, or does
 * not answer in time, and VaultRefusal when it refuses.
 */
export function connectVault(options: VaultOptions): Vault {
  const { role, tokenFile, timeoutMs = 10_000 } = options;
  const send = sender(options);
  let session: Promise<Session> | undefined;

  const login = async (): Promise<Session> => {
    const jwt = (await readFile(tokenFile, 'utf8')).trim();
    const { auth } = (await send('POST', 'auth/jwt/login', { role, jwt })) ?? {};
    if (!auth) throw new VaultUnavailable('Vault did not answer the login with a token');
    // A third is left for calls under way; a token without an end is renewed hourly.
    const seconds = auth.lease_duration > 0 ? (auth.lease_duration * 2) / 3 : 3600;
    return { token: auth.client_token, until: Date.now() + seconds * 1000 };
  };

  const loggedIn = async (): Promise<string> => {
    const seen = session;
    const known = await seen?.catch(() => undefined);
    if (known && known.until > Date.now()) return known.token;
    // One login at a time; whoever comes meanwhile waits for the same.
    return (await (session && session !== seen ? session : begin())).token;
  };

  const begin = (): Promise<Session> => {
    const next = (session = login());
    next.catch(() => {
      if (session === next) session = undefined;
    });
    return next;
  };

  const call = async (
    method: Method,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<Answer | undefined> => {
    const token = await loggedIn();
    const used = session;
    try {
      return await send(method, path, body, token);
    } catch (error) {
      if (!(error instanceof VaultRefusal) || error.status !== 403) throw error;
      if (session === used) session = undefined;
      return send(method, path, body, await loggedIn());
    }
  };

  const bounded = (
    method: Method,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<Answer | undefined> =>
    withDeadline(timeoutMs * 2, call(method, path, body), () => silent(timeoutMs * 2));

  return {
    read: async (path) => (await bounded('GET', path))?.data,
    write: async (path, body) => (await bounded('POST', path, body ?? {}))?.data,
    remove: async (path) => {
      await bounded('DELETE', path);
    },
    list: async (path) => ((await bounded('LIST', path))?.data?.keys ?? []) as string[],
  };
}

/** One HTTP exchange: undefined for 404, errors translated. */
function sender({ address, caFile, timeoutMs = 10_000 }: VaultOptions) {
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  const client = createClient({
    endpoint: address,
    // node-vault's debug log prints request bodies, keys included.
    debug: () => undefined,
    // Its default turns TLS checks off when VAULT_SKIP_VERIFY is set.
    rpDefaults: { strictSSL: true, timeout: timeoutMs },
    requestOptions: { agentOptions: { keepAlive: true, ...(ca ? { ca } : {}) } },
  } as Parameters<typeof createClient>[0]);
  client.token = '';

  return async (
    method: Method,
    path: string,
    json?: Record<string, unknown>,
    token?: string,
  ): Promise<Answer | undefined> => {
    const request = client.request({
      method,
      path: `/${path}`,
      headers: token === undefined ? {} : { 'X-Vault-Token': token },
      ...(json === undefined ? {} : { json }),
    }) as Promise<Answer>;
    try {
      return await withDeadline(timeoutMs, request, () => silent(timeoutMs));
    } catch (error) {
      const failure = translate(error, path);
      if (failure) throw failure;
      return undefined;
    }
  };
}

function silent(ms: number): VaultUnavailable {
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
    return new VaultUnavailable(`Vault cannot be reached (${code ?? message})`, { retryAfter: 5 });
  }
  if (status === 404) return undefined;
  if (status === 503)
    return new VaultUnavailable('Vault is sealed or in standby', { retryAfter: 5 });
  if (status === 429 || status >= 500)
    return new VaultUnavailable(`Vault answered ${status}: ${message}`);
  if (path === 'auth/jwt/login') {
    // The role or the issuer's keys may not be set up yet; a later try can succeed.
    return new VaultUnavailable(`Vault refused the login: ${message}`, { retryAfter: 5 });
  }
  return new VaultRefusal(status, message, path);
}
