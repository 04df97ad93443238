import type { RequestListener, Server } from 'node:http';
import type { RequestHandler } from 'express';

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
