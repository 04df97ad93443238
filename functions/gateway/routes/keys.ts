import type { RequestHandler } from 'express';
import { keyStatus } from '../../lib/events.ts';
import { outgoing, unanswered } from '../call.ts';
import { eventHeaders } from '../event.ts';
import { forwardRead, type Forward } from '../forward.ts';
import { relay } from '../relay.ts';
import { json, refusals } from './answers.ts';
import type { Route } from './route.ts';

export interface KeyOptions {
  /** For what reads. */
  forwardGet: Forward;
  /** For what changes the key; the same twice changes nothing more. */
  forwardDelete: Forward;
  keysUrl: string;
}

/** The caller's own key, by the function `keys`. */
export function keyRoutes({ forwardGet, forwardDelete, keysUrl: url }: KeyOptions): Route[] {
  const get: RequestHandler = async (request, response) => {
    const event = eventHeaders('dev.selvedge.key.get.v1', {});
    const call = { url, ...outgoing(event, request, response) };
    await relay(await forwardRead(forwardGet, call), response);
  };
  const destroy: RequestHandler = async (request, response) => {
    const event = eventHeaders('dev.selvedge.key.destroy.v1', {});
    try {
      const call = { url, ...outgoing(event, request, response) };
      await relay(await forwardDelete(call), response);
    } catch (error) {
      throw unanswered(error);
    }
  };
  return [
    { ...described.get, handlers: [get] },
    { ...described.destroy, handlers: [destroy] },
  ];
}

const path = '/v1/me/key';

const described = {
  get: {
    method: 'get',
    path,
    operation: {
      tags: ['keys'],
      operationId: 'getKey',
      summary: 'What is so of the caller’s key, which Vault keeps and nobody sees',
      responses: {
        200: {
          description: 'The key, or that it was destroyed',
          content: json(keyStatus.meta({ id: 'KeyStatus' })),
        },
        ...refusals(404),
      },
    },
  },
  destroy: {
    method: 'delete',
    path,
    operation: {
      tags: ['keys'],
      operationId: 'destroyKey',
      summary: 'Destroy the caller’s key, and with it all data of the caller, for good',
      description:
        'In every network, in backups too, and whoever else may read them. The key is never made again: the caller ' +
        'can own no data any more.',
      responses: {
        204: {
          description:
            'Destroyed, now or before: nothing of the caller’s opens any more. Reads and puts of it answer 410 from ' +
            'here on; what is being read or put goes on to its end',
        },
        ...refusals(404, 409),
      },
    },
  },
} satisfies Record<string, Omit<Route, 'handlers'>>;
