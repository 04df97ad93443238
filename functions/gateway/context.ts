import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { Authenticator, Caller } from '../lib/function/authentication.ts';

/** What the gateway knows of a request while it answers it. */
interface Context {
  id: string;
  caller?: Caller;
}

const contexts = new WeakMap<Response, Context>();

/** Names the request: by the caller's `X-Request-Id` where that is a plain token, else by a new one. */
export const identify: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id') ?? '';
  const id = /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
  contexts.set(response, { id });
  response.set({ 'X-Request-Id': id, 'X-Content-Type-Options': 'nosniff' });
  next();
};

/** Lets only callers with a valid token through (RFC 6750). */
export function authenticated(authenticator: Authenticator): RequestHandler {
  return async (request, response, next) => {
    response.set('Cache-Control', 'no-store');
    contextOf(response).caller = await authenticator.authenticate(request.headers.authorization);
    next();
  };
}

/** The id of the request that `response` answers. */
export function requestId(response: Response): string {
  return contextOf(response).id;
}

/** Who sent the request; undefined before `authenticated` has let it through. */
export function knownCaller(response: Response): Caller | undefined {
  return contextOf(response).caller;
}

/**
 * Who sent the request that `response` answers.
 *
 * @throws Error on a route that is not behind `authenticated`
 */
export function callerOf(response: Response): Caller {
  const caller = knownCaller(response);
  if (!caller) throw new Error('this route is not behind the check of the token');
  return caller;
}

function contextOf(response: Response): Context {
  const context = contexts.get(response);
  if (!context) throw new Error('the request was not identified');
  return context;
}
