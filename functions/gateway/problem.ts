import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { NotFound, problemType, SelvedgeError, toProblem, type Problem } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { requestId } from './context.ts';

/** How long a refused caller may go on sending, so that it can read the refusal before a reset. */
const drainMs = 5000;

/** The body's media type or coding is not one the route takes. */
export class UnsupportedMediaType extends SelvedgeError {
  readonly status = 415;
  readonly kind = 'unsupported-media-type';
  readonly title = 'The body has a type that is not taken here';
}

/** More headers than are read. */
export class HeadersTooLarge extends SelvedgeError {
  readonly status = 431;
  readonly kind = 'headers-too-large';
  readonly title = 'The headers are too large';
}

/** The path has other methods; the answer's `Allow` names them. */
export class MethodNotAllowed extends SelvedgeError {
  readonly status = 405;
  readonly kind = 'method-not-allowed';
  readonly title = 'The path has no such method';
}

/** A function answered with a problem of its own, which goes to the caller as it is. */
export class FunctionProblem extends Error {
  override readonly name = 'FunctionProblem';
  readonly problem: Problem;
  readonly retryAfter: string | undefined;

  constructor(problem: Problem, retryAfter: string | undefined) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** For whatever no route takes. */
export const noRoute: RequestHandler = (request) => {
  throw new NotFound(`there is no route ${request.method} ${request.path}`);
};

/** The one place where errors become answers: problem documents by RFC 9457, never a stack. */
export function problems(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = describe(error);
    const level = problem.status >= 500 ? 'error' : 'info';
    log[level]({ error, status: problem.status, requestId: requestId(response) }, 'refused');
    if (response.headersSent) {
      // The reader must see that the answer is not whole.
      response.destroy();
      next();
      return;
    }
    for (const name of response.getHeaderNames()) {
      if (/^(content-|selvedge-|etag$)/.test(name)) response.removeHeader(name);
    }
    answer(response, error, { ...problem, instance: `urn:request:${requestId(response)}` });
    letGo(request);
  };
}

function answer(response: Response, error: unknown, problem: Problem): void {
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) response.set('Retry-After', retryAfter);
  if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer realm="selvedge"');
  // How much there is (RFC 9110, section 15.5.17).
  if (problem.status === 416) response.set('Content-Range', `bytes */${String(problem['size'])}`);
  response.status(problem.status).type(problemType).send(JSON.stringify(problem));
}

function retryAfterOf(error: unknown): string | undefined {
  if (error instanceof FunctionProblem) return error.retryAfter;
  if (error instanceof SelvedgeError) return error.retryAfter?.toString();
  return undefined;
}

function describe(error: unknown): Problem {
  if (error instanceof FunctionProblem) return error.problem;
  return parserProblem(error) ?? toProblem(error);
}

const parserProblems: Record<number, [kind: string, title: string]> = {
  400: ['bad-request', 'The request is malformed'],
  413: ['too-large', 'The body is too large'],
  415: ['unsupported-media-type', 'The body has a type that is not taken here'],
};

/** Express and its body parser throw errors with a `status`, meant for the caller when under 500. */
function parserProblem(error: unknown): Problem | undefined {
  if (error instanceof SelvedgeError || !(error instanceof Error)) return undefined;
  const status = 'status' in error && typeof error.status === 'number' ? error.status : 500;
  const known = parserProblems[status];
  if (!known) return undefined;
  const [kind, title] = known;
  const type = `https://selvedge.dev/problems/${kind}`;
  const limit = 'limit' in error ? { limit: error.limit } : {};
  return { ...limit, type, title, status, detail: error.message };
}

/** Reads on, and away, for a while what the caller of a refused request still sends. */
function letGo(request: Request): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), drainMs).unref();
  request.once('close', () => clearTimeout(timer));
  request.unpipe().resume();
}
