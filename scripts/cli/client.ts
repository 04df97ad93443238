import { randomUUID } from 'node:crypto';
import type { Receipt } from '../../functions/lib/events.ts';
import { until } from '../../functions/lib/until.ts';

/** The chain's word on a datum, as `GET …/receipt` gives it. */
export interface Verification {
  receipt: Receipt;
  verified: boolean;
  [member: string]: unknown;
}

/** What may be said of a put beside its bytes. */
export interface PutOptions {
  contentType: string;
  /** The same key and body twice give the first receipt again; a new one when left out. */
  idempotencyKey?: string;
  tier?: 'record' | 'object';
}

/** The data routes of the gateway, for one caller and one network. */
export interface DataClient {
  put(key: string, body: Uint8Array, options: PutOptions): Promise<Receipt>;
  get(key: string, version?: number): Promise<Uint8Array>;
  verify(key: string, version?: number): Promise<Verification>;
  /** Erases the datum for good; gives the transaction that says so. */
  erase(key: string): Promise<string>;
}

/** The same, with the datum as a stream, and with many of them at once. */
export interface WholeDataClient extends DataClient {
  /** The datum as it comes: its bytes are in the body. */
  open(key: string): Promise<Response>;
  /** Puts up to 1,000 records; each ends by itself, in the order given. */
  putBatch(records: readonly { key: string; value: unknown }[]): Promise<BatchItem[]>;
}

/** What became of a record of a batch: a receipt, or the problem that there is none for. */
export interface BatchItem {
  key: string;
  status: number;
  receipt?: Receipt;
  problem?: Record<string, unknown>;
}

/** An answer of the gateway that is not a success; `status` and the problem's `detail`. */
export class GatewayError extends Error {
  readonly status: number;
  readonly problem: Record<string, unknown>;

  constructor(status: number, problem: Record<string, unknown>) {
    super(`the gateway answered ${status}: ${String(problem['detail'] ?? problem['title'])}`);
    this.status = status;
    this.problem = problem;
  }
}

export interface GatewayOptions {
  /**
   * Milliseconds in which an answer 503 is tried again: a tier that changes its leader takes some. With
   * none, every answer is told.
   */
  patienceMs?: number;
  /** Milliseconds for one try. */
  deadlineMs?: number;
}

/**
 * Every request may be sent again, a put because it always carries an idempotency key, an erasure because the
 * second changes nothing; so an answer that says «later» (503) is tried again for half a minute, unless told.
 *
 * @param gateway its address, e.g. `http://127.0.0.1:8480`
 * @param token a bearer token, e.g. from `kubectl create token`
 * @throws GatewayError from every call, when the answer is not a success
 */
export function connectGateway(
  gateway: string,
  network: string,
  token: string,
  options: GatewayOptions = {},
): WholeDataClient {
  const ask = asking(gateway, token, options);
  const request = (key: string, tail: string, init: RequestInit = {}): Promise<Response> =>
    ask(`/v1/networks/${network}/data/${encodeURIComponent(key)}${tail}`, init);
  return {
    async put(key, body, { contentType, idempotencyKey = randomUUID(), tier }) {
      const headers = {
        'Content-Type': contentType,
        'Idempotency-Key': idempotencyKey,
        ...(tier === undefined ? {} : { 'Selvedge-Tier': tier }),
      };
      const bytes = new Uint8Array(body);
      const response = await request(key, '', { method: 'PUT', headers, body: bytes });
      return (await response.json()) as Receipt;
    },
    async get(key, version) {
      const response = await request(key, of(version));
      return response.bytes();
    },
    async verify(key, version) {
      const response = await request(key, `/receipt${of(version)}`);
      return (await response.json()) as Verification;
    },
    open: (key) => request(key, ''),
    async putBatch(records) {
      const headers = {
        'Content-Type': 'application/x-ndjson',
        'Idempotency-Key': randomUUID(),
      };
      const body = records.map((one) => JSON.stringify(one)).join('\n');
      const path = `/v1/networks/${network}/data:batch`;
      const response = await ask(path, { method: 'POST', headers, body });
      const { items } = (await response.json()) as { items: BatchItem[] };
      return items;
    },
    async erase(key) {
      const response = await request(key, '', { method: 'DELETE' });
      return response.headers.get('Selvedge-Transaction') ?? '';
    },
  };
}

/** Asks the gateway for a path, as often as the options say. */
export function asking(
  gateway: string,
  token: string,
  { patienceMs = 30_000, deadlineMs = 120_000 }: GatewayOptions = {},
): (path: string, init?: RequestInit) => Promise<Response> {
  const final = (error: unknown): boolean => patienceMs === 0 || !isLater(error);
  return (path, init = {}) => {
    const headers = {
      ...(init.headers as Record<string, string>),
      Authorization: `Bearer ${token}`,
    };
    return until({ what: path, timeoutMs: patienceMs, firstMs: 500, final }, async () => {
      const signal = AbortSignal.timeout(deadlineMs);
      const response = await fetch(new URL(path, gateway), { ...init, headers, signal });
      if (!response.ok) throw new GatewayError(response.status, await problemOf(response));
      return response;
    });
  };
}

const of = (version: number | undefined): string =>
  version === undefined ? '' : `?version=${version}`;

function isLater(error: unknown): boolean {
  return error instanceof GatewayError && error.status === 503;
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const body = await response.text();
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return { detail: body };
  }
}
