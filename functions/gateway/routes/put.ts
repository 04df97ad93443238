import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { idempotencyKey } from '../../lib/events.ts';
import { parse } from '../../lib/function/envelope.ts';
import { eventHeaders } from '../event.ts';
import { proceed } from '../expect.ts';
import type { Forward } from '../forward.ts';
import { defaultFloor, type Floor } from '../pace.ts';
import { dataPath, putHeaders } from '../parameters.ts';
import { UnsupportedMediaType } from '../problem.ts';
import { refuseBody, sendBody } from '../upload.ts';
import { bytes, datumPath, json, leadsTo, refusals, stored, versionTag } from './answers.ts';
import type { Route } from './route.ts';

export interface PutOptions {
  forward: Forward;
  /** The same for a body that is there as a whole: it may be sent twice. */
  hedged: Forward;
  dataPutUrl: string;
  maxBodyBytes: number;
  /** How fast a body must come. */
  floor?: Floor;
}

/** What may be asked of a datum that is there. */
const afterwards = [
  ...['getDatum', 'headDatum', 'getReceipt', 'listVersions'],
  ...['getPolicy', 'putPolicy', 'checkPolicy', 'eraseDatum'],
];

/** Storing data, by the function `data-put`. */
export function putRoutes(options: PutOptions): Route[] {
  const { forward, hedged, dataPutUrl, maxBodyBytes, floor = defaultFloor } = options;
  const refuseEarly: RequestHandler = (request, _response, next) => {
    refuseEvent(request);
    refuseBody(request, maxBodyBytes);
    readPut(request);
    next();
  };
  const put: RequestHandler = async (request, response) => {
    const { network, key, ...headers } = readPut(request);
    const name = headers['idempotency-key'] ?? randomUUID();
    // By it the caller can ask what became of the put, whatever the answer is.
    response.set('Idempotency-Key', name);
    const attributes = {
      network,
      key,
      idempotencykey: name,
      tier: headers['selvedge-tier'],
      ifmatch: headers['if-match'],
      ifnonematch: headers['if-none-match'],
    };
    await sendBody(request, response, {
      url: dataPutUrl,
      event: eventHeaders('dev.selvedge.data.put.v1', attributes),
      floor,
      send: async (event, tooSlow) =>
        isSmall(request)
          ? hedged({ ...event, body: await unless(tooSlow, buffer(request)) })
          : forward({ ...event, body: request }),
    });
  };
  return [
    {
      method: 'put',
      path: datumPath,
      operation: {
        tags: ['data'],
        operationId: 'putDatum',
        summary: 'Store a new version: encrypted, anchored on the chain, then current',
        requestParams: { path: dataPath, header: putHeaders },
        requestBody: { required: true, content: { '*/*': bytes } },
        responses: {
          201: {
            description: 'Stored and anchored',
            headers: z.object({ ETag: versionTag, 'Idempotency-Key': idempotencyKey }),
            content: json(stored),
            links: leadsTo(dataPath, ...afterwards),
          },
          ...refusals(400, 403, 404, 408, 409, 410, 412, 413, 415, 422, 507),
        },
      },
      handlers: [refuseEarly, proceed, put],
    },
  ];
}

function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  return Promise.race([work, promise]);
}

/** The most bytes that are held, so that they can be sent a second time. */
const mostHeld = 1024 * 1024;

function isSmall({ headers }: Request): boolean {
  const length = Number(headers['content-length'] ?? 0);
  return headers['transfer-encoding'] === undefined && length <= mostHeld;
}

const putRequest = dataPath.extend(putHeaders.shape);

function readPut({ headers, params }: Request) {
  return parse(putRequest, { ...headers, ...params }, 'the request');
}

/** To the function, a body of such a type is itself the event, with a network and key of its own. */
const eventType = /^\s*application\/cloudevents/i;

function refuseEvent({ headers }: Request): void {
  if (eventType.test(headers['content-type'] ?? '')) {
    throw new UnsupportedMediaType('a CloudEvent cannot be kept as such; send it as plain JSON');
  }
}
