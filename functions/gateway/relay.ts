import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { z } from 'zod';
import { problemType, Unavailable } from '../lib/errors.ts';
import { FunctionProblem } from './problem.ts';

/** The most of a function's problem document that is read, in bytes. */
const problemLimit = 64 * 1024;

/** Headers of a function's answer that are the caller's, beside all `selvedge-…`. */
const passedHeaders = new Set([
  ...['content-type', 'content-length', 'content-range', 'accept-ranges'],
  ...['etag', 'last-modified'],
]);

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
});

/**
 * Gives a function's answer to the caller, streamed at the caller's pace. When the function breaks
 * off, so does the answer: it never looks whole.
 *
 * @throws FunctionProblem when the function refused
 * @throws Unavailable when what answered was not the function
 */
export async function relay(answer: IncomingMessage, response: Response): Promise<void> {
  await refuseFailure(answer);
  begin(response, answer.statusCode, passed(answer.headers));
  await pipeline(answer, response);
}

/**
 * The same without the body: `Selvedge-Size` becomes the length that a GET would have.
 */
export async function relayHead(answer: IncomingMessage, response: Response): Promise<void> {
  await refuseFailure(answer);
  answer.resume();
  const { 'content-length': _, ...headers } = passed(answer.headers);
  const size = headers['selvedge-size'];
  if (size !== undefined) headers['content-length'] = size;
  begin(response, answer.statusCode, headers);
  response.end();
}

/** Not by express: it would add a charset to media types that have none. */
function begin(response: Response, status = 502, headers: Record<string, string>): void {
  response.statusCode = status;
  response.setHeaders(new Map(Object.entries(headers)));
}

/** Whether an answer's body is a problem document. */
export function isProblem(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith(problemType) ?? false;
}

function passed(headers: IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (passedHeaders.has(name) || name.startsWith('selvedge-'))) {
      result[name] = value;
    }
  }
  return result;
}

async function refuseFailure(answer: IncomingMessage): Promise<void> {
  const { statusCode: status = 502, headers } = answer;
  if ((status >= 200 && status < 300) || status === 304) return;
  const problem = isProblem(headers) ? await readProblem(answer) : undefined;
  answer.destroy();
  const retryAfter = headers['retry-after'];
  if (problem) throw new FunctionProblem({ ...problem, status }, retryAfter);
  throw new Unavailable('the function cannot be reached', {
    cause: new Error(`what answered in its place said ${status}`),
    ...(/^\d{1,6}$/.test(retryAfter ?? '') && { retryAfter: Number(retryAfter) }),
  });
}

async function readProblem(answer: IncomingMessage) {
  let text = '';
  try {
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk;
      if (text.length > problemLimit) return undefined;
    }
    return problemSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Broken off, or no JSON: then it says no more than its status.
    return undefined;
  }
}
