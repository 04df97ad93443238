/** Sending on a body that comes as its sender likes. */
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { bodyHeaders, callerHeaders, departure, unanswered } from './call.ts';
import { tooLarge, type Outgoing } from './forward.ts';
import { keepPace, type Floor } from './pace.ts';
import { UnsupportedMediaType } from './problem.ts';
import { relay } from './relay.ts';

export interface Upload {
  /** The function's address. */
  url: string;
  /** The headers of the event whose data the body is. */
  event: Record<string, string>;
  floor: Floor;
  /** @param tooSlow aborted when less of the body comes than must */
  send: (event: Outgoing, tooSlow: AbortSignal) => Promise<IncomingMessage>;
}

/**
 * Gives a function's answer to the caller, or says that the fate of the request is open where none came.
 *
 * @throws TooSlow, FateOpen, and what {@link relay} throws
 */
export async function sendBody(
  request: Request,
  response: Response,
  { url, event, floor, send }: Upload,
): Promise<void> {
  const tooSlow = keepPace(request, floor);
  const outgoing = {
    url,
    headers: { ...event, ...callerHeaders(request, response), ...bodyHeaders(request) },
    signal: AbortSignal.any([departure(response), tooSlow]),
  };
  try {
    await relay(await send(outgoing, tooSlow), response);
  } catch (error) {
    tooSlow.throwIfAborted();
    throw unanswered(error);
  }
}

/**
 * @param limit bytes
 * @throws TooLarge, UnsupportedMediaType
 */
export function refuseBody({ headers }: Request, limit: number): void {
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new UnsupportedMediaType('the body must not have a Content-Encoding: it would be lost');
  }
}
