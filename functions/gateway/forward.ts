import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TooLarge, Unavailable } from '../lib/errors.ts';
import { PersistentAgent } from './connecting.ts';
import { isProblem } from './relay.ts';

/** A CloudEvent in binary mode for a function. */
export interface Outgoing {
  /** The function's address. */
  url: string;
  headers: Record<string, string>;
  /** The event's data; a stream is read no faster than the function takes it. */
  body?: Readable | Buffer;
  /** Aborted when the caller has left: the call to the function then ends too. */
  signal: AbortSignal;
  /** Over a connection of its own: those that are open may lead to what is silent. */
  fresh?: boolean;
}

/**
 * Sends an event to a function and gives its answer as soon as the head of it is there; the answer's
 * body is a stream that holds the connection until it is read or destroyed.
 *
 * @throws TooLarge when the body is over the limit; the function then sees it broken off
 * @throws Unavailable when the function cannot be reached, or for `timeoutMs` nothing moves
 */
export type Forward = (event: Outgoing) => Promise<IncomingMessage>;

/**
 * @param timeoutMs how long nothing may move before the call is given up. A cold start counts: the
 * platform holds the request until a pod is there, so this must be well above a second.
 */
export function createForward({ timeoutMs = 60_000, maxBodyBytes = Infinity } = {}): Forward {
  const kept = new PersistentAgent({ keepAlive: true });
  const single = new PersistentAgent();
  return ({ url, headers, body, signal, fresh = false }) =>
    new Promise((resolve, reject) => {
      if (fresh) kept.closeIdle();
      const agent = fresh ? single : kept;
      const options = { method: 'POST', agent, headers, signal, timeout: timeoutMs };
      const upstream = request(url, options, (answer) => {
        if (body instanceof Readable) body.unpipe(upstream);
        // An answer to half a body is final: the rest of it goes nowhere.
        answer.once('close', () => upstream.writableFinished || upstream.destroy());
        resolve(answer);
      });
      const give = (error: Error): void => {
        reject(error);
        upstream.destroy();
      };
      upstream.on('timeout', () => {
        give(new Unavailable(`the function stood still for ${timeoutMs / 1000} s`));
      });
      upstream.on('error', (cause) => {
        give(new Unavailable('the function cannot be reached', { cause }));
      });
      if (!(body instanceof Readable)) return void upstream.end(body);
      count(body, maxBodyBytes, give);
      body.pipe(upstream);
    });
}

/** Calls `refuse` once when more than `limit` bytes came through. */
function count(body: Readable, limit: number, refuse: (error: Error) => void): void {
  let size = 0;
  const add = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= limit) return;
    body.off('data', add);
    refuse(tooLarge(limit));
  };
  body.on('data', add);
}

/** @param limit bytes */
export function tooLarge(limit: number): TooLarge {
  return new TooLarge(`the body is over ${limit} bytes`, { members: { limit } });
}

/** Milliseconds to wait before each further try of a read. */
const pausesMs = [100, 500];

/** The same for an event that only reads: tried again where the platform, not the function, failed. */
export async function forwardRead(forward: Forward, event: Outgoing): Promise<IncomingMessage> {
  for (const pause of pausesMs) {
    const answer = await forward(event).catch((error: unknown) => {
      if (event.signal.aborted || !isConnectionFault(error)) throw error;
    });
    if (answer && !isPlatformFault(answer)) return answer;
    answer?.destroy();
    await delay(pause * (0.5 + Math.random()), undefined, { signal: event.signal });
  }
  return forward(event);
}

function isConnectionFault(error: unknown): boolean {
  return error instanceof Unavailable && error.cause !== undefined;
}

function isPlatformFault({ statusCode = 0, headers }: IncomingMessage): boolean {
  return [502, 503, 504].includes(statusCode) && !isProblem(headers);
}
