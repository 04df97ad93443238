import type { Request, RequestHandler } from 'express';
import { parse } from '../../lib/function/envelope.ts';
import { bodyHeaders, callerHeaders, departure } from '../call.ts';
import { eventHeaders } from '../event.ts';
import { proceed } from '../expect.ts';
import { tooLarge, type Forward } from '../forward.ts';
import { dataPath, putHeaders } from '../parameters.ts';
import { UnsupportedMediaType } from '../problem.ts';
import { relay } from '../relay.ts';
import { bytes, json, refusals, stored } from './answers.ts';
import type { Route } from './route.ts';

export interface PutOptions {
  forward: Forward;
  dataPutUrl: string;
  maxBodyBytes: number;
}

/** Storing data, by the function `data-put`. */
export function putRoutes({ forward, dataPutUrl, maxBodyBytes }: PutOptions): Route[] {
  const refuseEarly: RequestHandler = (request, _response, next) => {
    refuseBody(request, maxBodyBytes);
    readPut(request);
    next();
  };
  const put: RequestHandler = async (request, response) => {
    const { network, key, ...headers } = readPut(request);
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
  };
  return [
    {
      method: 'put',
      path: '/v1/networks/{network}/data/{key}',
      operation: {
        tags: ['data'],
        operationId: 'putDatum',
        summary: 'Store a new version: encrypted, anchored on the chain, then current',
        requestParams: { path: dataPath, header: putHeaders },
        requestBody: { required: true, content: { '*/*': bytes } },
        responses: {
          201: {
            description: 'Stored and anchored',
            content: json(stored),
          },
          ...refusals(400, 403, 404, 409, 413, 415, 422, 507),
        },
      },
      handlers: [refuseEarly, proceed, put],
    },
  ];
}

const putRequest = dataPath.extend(putHeaders.shape);

function readPut({ headers, params }: Request) {
  return parse(putRequest, { ...headers, ...params }, 'the request');
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
