/** What of a request goes along when a function is called for it. */
import type { Request, Response } from 'express';
import { FateOpen, Unavailable } from '../lib/errors.ts';
import { requestId } from './context.ts';

/** Who calls: the function checks the token again. */
export function callerHeaders({ headers }: Request, response: Response): Record<string, string> {
  return { authorization: headers.authorization ?? '', 'x-request-id': requestId(response) };
}

/** The length goes along where it is known, so that the function can tell a whole body from half. */
export function bodyHeaders({ headers }: Request): Record<string, string> {
  const type = headers['content-type'] ?? 'application/octet-stream';
  if (headers['transfer-encoding'] !== undefined) return { 'content-type': type };
  return { 'content-type': type, 'content-length': headers['content-length'] ?? '0' };
}

/** What of a request goes to the function with an event; its body where one was read. */
export function outgoing(event: Record<string, string>, request: Request, response: Response) {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return {
    headers: {
      ...event,
      ...callerHeaders(request, response),
      'content-length': String(body.length),
    },
    body,
    signal: departure(response),
  };
}

/** Aborted when the caller leaves before its answer is whole. */
export function departure(response: Response): AbortSignal {
  const controller = new AbortController();
  const left = (): void => {
    if (!response.writableFinished) controller.abort(new Error('the caller left'));
  };
  if (response.destroyed) left();
  else response.once('close', left);
  return controller.signal;
}

/** No answer of the function's: it may have what was sent, and do it. */
export function unanswered(error: unknown): unknown {
  if (!(error instanceof Unavailable)) return error;
  const { retryAfter, message } = error;
  const options = { cause: error, ...(retryAfter !== undefined && { retryAfter }) };
  return new FateOpen(message, options);
}
