import { Router, type Request, type Response } from 'express';
import { parse } from '../../lib/function/envelope.ts';
import { requestId } from '../context.ts';
import { eventHeaders } from '../event.ts';
import { proceed } from '../expect.ts';
import { forwardRead, tooLarge, type Forward } from '../forward.ts';
import { dataPath, putHeaders, readQuery } from '../parameters.ts';
import { UnsupportedMediaType } from '../problem.ts';
import { relay, relayHead } from '../relay.ts';

export interface DataOptions {
  forward: Forward;
  dataPutUrl: string;
  dataGetUrl: string;
  maxBodyBytes: number;
}

const ROUTE = '/v1/networks/:network/data/:key';

/** What is stored comes from users: a browser must not run it in the name of this origin. */
const SANDBOX = "default-src 'none'; sandbox";

/** Data in and out, by the functions `data-put` and `data-get`; receipts in routes/receipts.ts. */
export function dataRoutes(options: DataOptions): Router {
  const { forward, dataPutUrl } = options;
  const router = Router({ caseSensitive: true });

  router.put(ROUTE, (request, response, next) => {
    refuseBody(request, options.maxBodyBytes);
    parse(putRequest, { ...request.headers, ...request.params }, 'the request');
    proceed(request, response, next);
  });
  router.put(ROUTE, async (request, response) => {
    const given = { ...request.headers, ...request.params };
    const { network, key, ...headers } = parse(putRequest, given, 'the request');
    const attributes = {
      network,
      key,
      idempotencykey: headers['idempotency-key'],
      tier: headers['selvedge-tier'],
    };
    const answer = await forward({
      url: dataPutUrl,
      headers: {
        ...eventHeaders('dev.selvedge.data.put.v1', attributes),
        ...callerHeaders(request, response),
        ...bodyHeaders(request),
      },
      body: request,
      signal: departure(response),
    });
    await relay(answer, response);
  });

  router.head(ROUTE, async (request, response) => {
    await relayHead(await read(options, 'head', request, response), response);
  });
  router.get(ROUTE, async (request, response) => {
    const answer = await read(options, 'content', request, response);
    response.set('Content-Security-Policy', SANDBOX);
    await relay(answer, response);
  });
  return router;
}

const putRequest = dataPath.extend(putHeaders.shape);

/** Asks `data-get` for one view of the datum that the request names. */
export async function read(
  { forward, dataGetUrl }: Pick<DataOptions, 'forward' | 'dataGetUrl'>,
  view: 'content' | 'head' | 'receipt',
  request: Request,
  response: Response,
) {
  const given = { ...request.query, ...request.params };
  const { version, ...path } = parse(dataPath.extend(readQuery.shape), given, 'the request');
  return forwardRead(forward, {
    url: dataGetUrl,
    headers: {
      ...eventHeaders('dev.selvedge.data.get.v1', { ...path, dataversion: version, view }),
      ...callerHeaders(request, response),
      'content-length': '0',
    },
    signal: departure(response),
  });
}

/** What of the caller goes to the function, which checks the token again. */
function callerHeaders({ headers }: Request, response: Response): Record<string, string> {
  return { authorization: headers.authorization ?? '', 'x-request-id': requestId(response) };
}

/** The length goes along where it is known, so that the function can tell a whole body from half. */
function bodyHeaders({ headers }: Request): Record<string, string> {
  const type = headers['content-type'] ?? 'application/octet-stream';
  if (headers['transfer-encoding'] !== undefined) return { 'content-type': type };
  return { 'content-type': type, 'content-length': headers['content-length'] ?? '0' };
}

/** To the function, a body of such a type is itself the event, with a network and key of its own. */
const EVENT_TYPE = /^\s*application\/cloudevents/i;

function refuseBody({ headers }: Request, limit: number): void {
  if (EVENT_TYPE.test(headers['content-type'] ?? '')) {
    throw new UnsupportedMediaType('a CloudEvent cannot be kept as such; send it as plain JSON');
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new UnsupportedMediaType('the body must not have a Content-Encoding: it would be lost');
  }
}

/** Aborted when the caller leaves before its answer is whole. */
function departure(response: Response): AbortSignal {
  const controller = new AbortController();
  const left = (): void => {
    if (!response.writableFinished) controller.abort(new Error('the caller left'));
  };
  if (response.destroyed) left();
  else response.once('close', left);
  return controller.signal;
}
