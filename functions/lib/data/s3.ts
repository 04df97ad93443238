/** How a client of an S3 store (MinIO here) is made: the only file that makes one. */
import * as http from 'node:http';
import * as https from 'node:https';
import { Client, S3Error } from 'minio';

export type S3 = Client;

export interface S3Options {
  /** e.g. `https://minio.selvedge-storage.svc:9000` */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** PEM of the authority that the store's certificate must come from. */
  ca?: Buffer | undefined;
  /** What keeps its connections; one of its own when left out. */
  agent?: http.Agent | undefined;
  /** Milliseconds during which a connection may stand still. */
  timeoutMs?: number | undefined;
}

/** The store's answers are given as they are: whoever calls knows whether to try again. */
export function createS3(options: S3Options): S3 {
  const { endpoint, accessKey, secretKey } = options;
  const { protocol, hostname, port } = new URL(endpoint);
  return new Client({
    endPoint: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
    // Asking for the bucket's region would cost an exchange at every cold start.
    region: 'us-east-1',
    pathStyle: true,
    retryOptions: { disableRetry: true },
    transport: { request: impatient(protocol === 'https:', options) },
  });
}

/** A request was waited for in vain; whether its member is silent is found by looks long before. */
class StoodStill extends Error {
  constructor(ms: number) {
    super(`nothing moved for ${ms} ms`);
  }
}

/** The SDK has no time limit: a connection that stands still is given up here. */
function impatient(secure: boolean, options: S3Options): typeof http.request {
  const { request } = secure ? https : http;
  const { endpoint, ca, agent = agentFor(endpoint, ca), timeoutMs = 20_000 } = options;
  return ((settings: https.RequestOptions, answer: (r: http.IncomingMessage) => void) => {
    let unread = (): number => 0;
    const sent = request({ ...settings, agent, timeout: timeoutMs }, (response) => {
      unread = () => response.readableLength;
      answer(response);
    });
    sent.on('timeout', () => {
      // With bytes waiting, it is our reader who stands still, and that is the reader's right.
      if (unread() === 0) sent.destroy(new StoodStill(timeoutMs));
    });
    return sent;
  }) as typeof http.request;
}

/** Keeps the connections to one endpoint. */
export function agentFor(endpoint: string, ca: Buffer | undefined): http.Agent {
  return endpoint.startsWith('https:')
    ? new https.Agent({ keepAlive: true, ...(ca && { ca }) })
    : new http.Agent({ keepAlive: true });
}

/** Whether an error of the SDK is what the store said, rather than that nothing was heard from it. */
export function isAnswer(error: unknown): boolean {
  return error instanceof S3Error && !passing.test(error.code ?? '');
}

/** What a member says that may go well at another. */
const passing = /NotInitialized|SlowDown|ServiceUnavailable|InternalError/;

/**
 * Whether the store is there: it answered, if only that it cannot now, or takes its time, as with the removal of
 * an object that somebody reads.
 */
export function isThere(error: unknown): boolean {
  if (error instanceof S3Error || error instanceof StoodStill) return true;
  return unread.test((error as Error).message);
}

/** What the SDK says of answers that it would try again, without reading them: 408, 429, 499 and 5xx. */
const unread = /Retryable HTTP status/;
