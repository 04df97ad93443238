/**
 * What makes a program a Selvedge function: an HTTP server that takes CloudEvents at `POST /`,
 * finds the endpoint for their type, and answers with an event, a stream or a problem document.
 * Also the probes, the metrics, and an end that lets requests in flight finish.
 */
import { createServer, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CloudEvent } from 'cloudevents';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type Response,
} from 'express';
import type { z } from 'zod';
import { binaryMessage } from './binary.ts';
import { parse, readMessage, type Envelope } from './envelope.ts';
import {
  BadRequest,
  fateHeader,
  FateOpen,
  problemType,
  SelvedgeError,
  toProblem,
} from '../errors.ts';
import type { Logger } from '../log.ts';
import { eventSeconds, registry } from './metrics.ts';

/** One event to handle. */
export interface Call<Attributes> {
  /** The CloudEvents attributes. */
  event: Envelope;
  /** The attributes the endpoint asked for, checked. */
  attributes: Attributes;
  /** The event's data, as bytes. */
  body: Readable;
  /** The `Authorization` header as it came. */
  authorization: string | undefined;
  /** Aborted when the caller leaves before the reply is complete. */
  signal: AbortSignal;
  log: Logger;
}

/** The answer: an event (its data becomes the body), or a body with headers, or neither. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  event?: CloudEvent<unknown>;
  body?: Readable | Buffer | string;
}

/** What handles one type of event. */
export interface Endpoint<Attributes> {
  schema: z.ZodType<Attributes>;
  handle: (call: Call<Attributes>) => Promise<Reply>;
}

/** Ties a schema to its handler so that a table of endpoints keeps each one's own types. */
export function endpoint<Attributes>(
  schema: z.ZodType<Attributes>,
  handle: (call: Call<Attributes>) => Promise<Reply>,
): Endpoint<unknown> {
  return { schema, handle: (call) => handle(call as Call<Attributes>) };
}

export interface FunctionOptions {
  /** By CloudEvents type. A key that ends in `*` takes every type with that beginning. */
  endpoints: Record<string, Endpoint<unknown>>;
  /** By path: takes events of every type, apart from the others. */
  paths?: Record<string, Endpoint<unknown>>;
  log: Logger;
  /** Rejects while the function should get no events. */
  ready?: () => Promise<void>;
  /** Throws when only another process helps. */
  alive?: () => void;
}

/** The function as an express application. Use it directly in tests. */
export function functionApp(options: FunctionOptions): Express {
  const { endpoints, paths = {}, log, ready, alive } = options;
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    alive?.();
    response.json({ status: 'ok' });
  });
  app.get('/readyz', async (_request, response) => {
    await ready?.();
    response.json({ status: 'ok' });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.post('/', (request, response) => answer(request, response, endpoints, log));
  for (const [path, one] of Object.entries(paths)) {
    app.post(path, (request, response) => answer(request, response, { '*': one }, log));
  }
  app.use(problems(log));
  return app;
}

/**
 * Serves until SIGTERM or SIGINT, then stops taking requests and ends when those in flight have.
 *
 * @param app what answers
 * @param close releases what the function holds, after the last request
 */
export function serve(
  app: Express,
  { port, log, close }: { port: number; log: Logger; close?: () => Promise<void> | void },
): Server {
  const server = createServer(app);
  // Uploads may take long; the caller's own deadline and the platform's bound them.
  server.requestTimeout = 0;
  server.listen(port, () => log.info({ port }, 'serving'));
  const end = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'ending');
    server.close(() => {
      void Promise.resolve(close?.()).finally(() => process.exit(0));
    });
    // Connections kept alive are closed as soon as what they carry has been answered.
    setInterval(() => server.closeIdleConnections(), 100).unref();
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  return server;
}

/** Turns whatever a handler throws into a problem document, in this one place. */
export function problems(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = toProblem(error);
    log[problem.status >= 500 ? 'error' : 'info'](
      { error, status: problem.status, path: request.path },
      'refused',
    );
    if (response.headersSent) {
      // The reader must see that the answer is not whole.
      response.destroy();
      next();
      return;
    }
    if (error instanceof SelvedgeError && error.retryAfter !== undefined) {
      response.set('Retry-After', String(error.retryAfter));
    }
    if (error instanceof FateOpen) response.set(fateHeader, 'open');
    response.status(problem.status).type(problemType).send(JSON.stringify(problem));
  };
}

async function answer(
  request: Request,
  response: Response,
  endpoints: FunctionOptions['endpoints'],
  log: Logger,
): Promise<void> {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the caller left'));
  });
  const { envelope, body } = await readMessage(request.headers, request);
  const { schema, handle } = find(endpoints, envelope.type);
  const ended = eventSeconds.startTimer({ type: envelope.type });
  try {
    const reply = await handle({
      event: envelope,
      attributes: parse(schema, envelope, 'the event'),
      body,
      authorization: request.headers.authorization,
      signal: controller.signal,
      log: log.child({ event: envelope.id, type: envelope.type }),
    });
    await send(response, reply);
    ended({ status: reply.status });
  } catch (error) {
    ended({ status: toProblem(error).status });
    throw error;
  }
}

function find(endpoints: FunctionOptions['endpoints'], type: string): Endpoint<unknown> {
  // What every object inherits (`constructor`) is no type of event.
  const exact = Object.hasOwn(endpoints, type) ? endpoints[type] : undefined;
  if (exact) return exact;
  const prefix = Object.keys(endpoints).find(
    (key) => key.endsWith('*') && type.startsWith(key.slice(0, -1)),
  );
  const found = prefix === undefined ? undefined : endpoints[prefix];
  if (!found) throw new BadRequest(`events of type ${type} are not handled here`);
  return found;
}

async function send(response: Response, reply: Reply): Promise<void> {
  // Not express's `set`, which adds a charset to content types: they are the data's own.
  response.status(reply.status).setHeaders(new Map(Object.entries(reply.headers ?? {})));
  if (reply.event) {
    const { headers, body } = binaryMessage(reply.event);
    response.set(headers).end(body);
  } else if (reply.body instanceof Readable) {
    await pipeline(reply.body, response);
  } else {
    response.end(reply.body);
  }
}
