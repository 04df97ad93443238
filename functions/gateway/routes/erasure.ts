import type { RequestHandler } from 'express';
import { z } from 'zod';
import { dataKey } from '../../lib/events.ts';
import { BadRequest } from '../../lib/errors.ts';
import { parse } from '../../lib/function/envelope.ts';
import { outgoing, unanswered } from '../call.ts';
import { eventHeaders } from '../event.ts';
import type { Forward } from '../forward.ts';
import { dataPath } from '../parameters.ts';
import { relay } from '../relay.ts';
import { datumPath, onDatum, refusals } from './answers.ts';
import type { Route } from './route.ts';

export interface ErasureOptions {
  forward: Forward;
  dataPutUrl: string;
}

/** Erasing a datum for good, by the function `data-put`. */
export function erasureRoutes({ forward, dataPutUrl }: ErasureOptions): Route[] {
  // The same twice changes nothing more, so it may be sent a second time.
  const erase: RequestHandler = async (request, response) => {
    const path = parse(dataPath, request.params, 'the path');
    for (const condition of ['if-match', 'if-none-match']) {
      // What cannot be undone is not done under a condition that nobody looks at.
      if (request.headers[condition] === undefined) continue;
      throw new BadRequest('an erasure is of every version: it takes no condition');
    }
    const event = eventHeaders('dev.selvedge.data.erase.v1', path);
    try {
      const call = { url: dataPutUrl, ...outgoing(event, request, response) };
      await relay(await forward(call), response);
    } catch (error) {
      throw unanswered(error);
    }
  };
  return [{ ...described, handlers: [erase] }];
}

/** Another example than that of the other routes, which need theirs to be there. */
const path = dataPath.extend({ key: dataKey.meta({ examples: ['readings/41'] }) });

const summary = 'Erase every version for good; the owner of the datum may';
const described = {
  method: 'delete',
  path: datumPath,
  operation: {
    ...onDatum('eraseDatum', summary, {
      204: {
        description:
          'Erased, now or before: no key opens it any more, and the chain keeps that it was. Reads and puts ' +
          'answer 410 from here on, for good. Ciphertexts that are being read go within minutes',
        headers: z.object({
          'Selvedge-Transaction': z
            .string()
            .meta({ description: 'The transaction that keeps the erasure' }),
        }),
      },
      ...refusals(400, 403, 404, 409, 422),
    }),
    requestParams: { path },
  },
} satisfies Omit<Route, 'handlers'>;
