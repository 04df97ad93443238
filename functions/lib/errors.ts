/**
 * The errors Selvedge's parts throw at each other and show to callers.
 * Each is one situation with one HTTP status; `serve.ts` and the gateway turn them into
 * problem documents (RFC 9457). Errors of an SDK are translated into these once, at the edge
 * that calls the SDK, with the original kept as `cause`.
 */

/** The media type of problem documents (RFC 9457). */
export const problemType = 'application/problem+json';

/** A problem document as RFC 9457 defines it; further members say more about the problem. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  [member: string]: unknown;
}

interface Options extends ErrorOptions {
  /** Further members of the problem document. Never a secret: callers see them. */
  members?: Record<string, unknown>;
  /** Seconds after which trying again makes sense (header `Retry-After`). */
  retryAfter?: number;
}

/** The base: `kind` is the last part of the problem's type URI and the name used in logs. */
export abstract class SelvedgeError extends Error {
  abstract readonly status: number;
  abstract readonly kind: string;
  abstract readonly title: string;
  readonly members: Record<string, unknown>;
  readonly retryAfter: number | undefined;

  constructor(detail: string, options: Options = {}) {
    super(detail, options);
    this.name = new.target.name;
    this.members = options.members ?? {};
    this.retryAfter = options.retryAfter;
  }
}

/** The request is malformed; `members.errors` lists every bad field as `{ path, message }`. */
export class BadRequest extends SelvedgeError {
  readonly status = 400;
  readonly kind = 'bad-request';
  readonly title = 'The request is malformed';
}

/** No valid token came with the request. */
export class Unauthorized extends SelvedgeError {
  readonly status = 401;
  readonly kind = 'unauthorized';
  readonly title = 'Authentication is required';
}

/** The caller is known and may not do this. */
export class Forbidden extends SelvedgeError {
  readonly status = 403;
  readonly kind = 'forbidden';
  readonly title = 'The caller may not do this';
}

/** There is no such network, datum or version. */
export class NotFound extends SelvedgeError {
  readonly status = 404;
  readonly kind = 'not-found';
  readonly title = 'There is no such thing';
}

/** The caller sent its body so slowly that it held a place for nothing. */
export class TooSlow extends SelvedgeError {
  readonly status = 408;
  readonly kind = 'too-slow';
  readonly title = 'The body came too slowly';
}

/** Another change came first, or one is under way; the caller may read again and retry. */
export class Conflict extends SelvedgeError {
  readonly status = 409;
  readonly kind = 'conflict';
  readonly title = 'Another change came first';
}

/** The datum was erased. */
export class Gone extends SelvedgeError {
  readonly status = 410;
  readonly kind = 'gone';
  readonly title = 'The datum was erased';
}

/** What the caller wants to replace is no longer what is there (`If-Match`). */
export class PreconditionFailed extends SelvedgeError {
  readonly status = 412;
  readonly kind = 'precondition-failed';
  readonly title = 'What is there is another than the one meant';
}

/** The body is over the limit named in `members.limit` (bytes). */
export class TooLarge extends SelvedgeError {
  readonly status = 413;
  readonly kind = 'too-large';
  readonly title = 'The body is too large';
}

/** The datum has no byte of the range asked for; `members.size` is how many it has. */
export class RangeNotSatisfiable extends SelvedgeError {
  readonly status = 416;
  readonly kind = 'range-not-satisfiable';
  readonly title = 'There is no such range';

  constructor(size: number) {
    super(`there are ${size} bytes`, { members: { size } });
  }
}

/** Well-formed, and refused: a reused idempotency key, a failed endorsement. Final. */
export class Unprocessable extends SelvedgeError {
  readonly status = 422;
  readonly kind = 'unprocessable';
  readonly title = 'The request was understood and refused';
}

/** The caller takes more than its share; others are served meanwhile. */
export class TooManyRequests extends SelvedgeError {
  readonly status = 429;
  readonly kind = 'too-many-requests';
  readonly title = 'The caller takes more than its share';

  constructor(detail: string, retryAfter: number) {
    super(detail, { retryAfter });
  }
}

/** What is stored does not match what is on the chain. No plaintext was released. */
export class IntegrityError extends SelvedgeError {
  readonly status = 500;
  readonly kind = 'integrity';
  readonly title = 'The stored data does not match the chain';
}

/** A part we need does not answer now; the same request may work later. */
export class Unavailable extends SelvedgeError {
  readonly status = 503;
  readonly kind: 'unavailable' | 'fate-open' = 'unavailable';
  readonly title: string = 'A part of the system does not answer';

  constructor(detail: string, options: Options = {}) {
    super(detail, { retryAfter: 2, ...options });
  }
}

/** A store is out of space; deletes still work. */
export class NoSpace extends SelvedgeError {
  readonly status = 507;
  readonly kind = 'no-space';
  readonly title = 'The store is out of space';
}

/** A transaction was sent and its fate is unknown: look it up by id before sending another. */
export class CommitUnknown extends Unavailable {
  override readonly kind = 'unavailable' as const;
  readonly transactionId: string;

  constructor(transactionId: string, options: Options = {}) {
    super(`the fate of transaction ${transactionId} is not known yet`, options);
    this.transactionId = transactionId;
  }
}

/**
 * Whether a put was or will be done is not known: sending it again under the same name asks for its
 * fate, and gives its receipt or does it once.
 */
export class FateOpen extends Unavailable {
  override readonly kind = 'fate-open';
  override readonly title = 'What becomes of the request is not known yet';
}

/** The header of an answer that is not the last word on its request: the same again asks for that. */
export const fateHeader = 'Selvedge-Fate';

/**
 * The problem document of any thrown value. What is not ours is an internal error whose
 * message stays in the log: it may hold more than a caller should see.
 */
export function toProblem(error: unknown): Problem {
  if (!(error instanceof SelvedgeError)) {
    return {
      type: 'https://selvedge.dev/problems/internal',
      title: 'Something went wrong inside Selvedge',
      status: 500,
      detail: 'the cause is in the log of the part that answered',
    };
  }
  return {
    ...error.members,
    type: `https://selvedge.dev/problems/${error.kind}`,
    title: error.title,
    status: error.status,
    detail: error.message,
  };
}

/** Whether trying the same again can help: what Knative retries (404, 408, 409, 429, 5xx). */
export function isRetryable(error: unknown): boolean {
  if (error instanceof IntegrityError) return false;
  if (!(error instanceof SelvedgeError)) return true;
  return error.status >= 500 || [404, 408, 409, 429].includes(error.status);
}
