import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { batchLimits, batchLine } from '../../lib/batch.ts';
import { dataKey, idempotencyKey } from '../../lib/events.ts';
import { parse } from '../../lib/function/envelope.ts';
import { eventHeaders } from '../event.ts';
import { proceed, takes } from '../expect.ts';
import type { Forward } from '../forward.ts';
import { defaultFloor, type Floor } from '../pace.ts';
import { batchHeaders, networkPath } from '../parameters.ts';
import { refuseBody, sendBody } from '../upload.ts';
import { json, leadsTo, problem, refusals, stored } from './answers.ts';
import type { Route } from './route.ts';

export interface BatchOptions {
  forward: Forward;
  dataPutUrl: string;
  /** How fast a body must come. */
  floor?: Floor;
}

const mediaType = 'application/x-ndjson';

/** What stands in one line. */
const line = batchLine.meta({ id: 'BatchLine' });

/** What became of one line. */
const batchItem = z
  .object({
    line: z.int().min(1).meta({ description: 'Counted from 1, empty ones too' }),
    key: dataKey.optional().meta({ description: 'Left out where the line names none' }),
    status: z.int().meta({ description: 'What a put of its own would have been answered with' }),
    receipt: stored.optional(),
    problem: problem.optional(),
  })
  .meta({ id: 'BatchItem', description: 'A receipt, or the problem that there is none for' });

const batchAnswer = z.object({
  items: z.array(batchItem).meta({ description: 'One for each line that is not empty, in order' }),
});

/** Storing many records at once, by the function `data-put`. */
export function batchRoutes({ forward, dataPutUrl, floor = defaultFloor }: BatchOptions): Route[] {
  const refuseEarly: RequestHandler = (request, _response, next) => {
    refuseBody(request, batchLimits.bytes);
    readBatch(request);
    next();
  };
  const putBatch: RequestHandler = async (request, response) => {
    const { network, ...headers } = readBatch(request);
    const idempotencykey = headers['idempotency-key'] ?? randomUUID();
    // By it the caller can ask what became of each put, whatever the answer is.
    response.set('Idempotency-Key', idempotencykey);
    await sendBody(request, response, {
      url: dataPutUrl,
      event: eventHeaders('dev.selvedge.batch.put.v1', { network, idempotencykey }),
      floor,
      // Not a second time where the first is silent: it may have much to do.
      send: (event) => forward({ ...event, body: request }),
    });
  };
  return [
    {
      method: 'post',
      path: '/v1/networks/{network}/data:batch',
      operation: {
        tags: ['data'],
        operationId: 'putBatch',
        summary: 'Store many records, each as a put of its own',
        description:
          `At most ${batchLimits.lines} lines and ${batchLimits.bytes} bytes. A line is a JSON object with ` +
          '`key` and `value`, the record: any JSON, kept as it stands in the line. `ifMatch` and `ifNoneMatch` ' +
          'mean what the headers of a put do. Lines have no order, so no key may come twice. ' +
          'A bad line, or a put that is refused, costs the others nothing.',
        requestParams: { path: networkPath, header: batchHeaders },
        requestBody: {
          required: true,
          content: {
            [mediaType]: {
              // As OpenAPI 3.2 has it for what comes in lines: a list of them.
              schema: z.array(line).min(1).max(batchLimits.lines),
              example: [{ key: 'readings/43', value: { celsius: 21 } }],
            },
          },
        },
        responses: {
          200: {
            description: 'What became of each line: some may be stored and some not',
            headers: z.object({
              'Idempotency-Key': idempotencyKey,
              'Selvedge-Fate': z
                .literal('open')
                .optional()
                .meta({ description: 'There where the fate of a line is open: send it again' }),
            }),
            content: json(batchAnswer),
            links: leadsTo(networkPath, 'listData'),
          },
          ...refusals(400, 403, 404, 408, 413, 415),
        },
      },
      handlers: [
        takes((request) => request.is(mediaType) !== false, mediaType),
        ...[refuseEarly, proceed, putBatch],
      ],
    },
  ];
}

const batchRequest = networkPath.extend(batchHeaders.shape);

function readBatch({ headers, params }: Request) {
  return parse(batchRequest, { ...headers, ...params }, 'the request');
}
