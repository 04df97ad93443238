import type { RequestListener, Server } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { UnsupportedMediaType } from './problem.ts';

/**
 * Lets `app` answer requests with `Expect: 100-continue` (RFC 9110, section 10.1.1), so that a caller
 * who is refused has not sent its body for nothing. Routes ask for the body by `proceed`.
 */
export function holdBodies(server: Server, app: RequestListener): void {
  server.on('checkContinue', app);
}

/** Asks for the body, where the caller waits to be asked. */
export const proceed: RequestHandler = (request, response, next) => {
  if (request.get('expect')?.toLowerCase() === '100-continue') response.writeContinue();
  next();
};

/** Refuses a body of another type; one of none is taken for what is meant. */
export const takes =
  (fits: (request: Request) => boolean, wanted: string): RequestHandler =>
  (request, _response, next) => {
    if (request.get('content-type') !== undefined && !fits(request)) {
      throw new UnsupportedMediaType(`the body comes as ${wanted}`);
    }
    next();
  };

export const takesJson = takes(
  (request) => request.is('application/json') !== false,
  'application/json',
);
