import type { RequestHandler } from 'express';
import type { RequestType } from '../../lib/events.ts';
import { keyStatus } from '../../lib/user-key.ts';
import { outgoing, unanswered } from '../call.ts';
import { eventHeaders } from '../event.ts';
import { forwardRead, type Forward } from '../forward.ts';
import { relay } from '../relay.ts';
import { json, refusals } from './answers.ts';
import type { Route } from './route.ts';

export interface KeyOptions {
  /** For what reads. */
  forwardGet: Forward;
  /** For what changes the key. */
  forward: Forward;
  /** For what changes nothing more when it is sent twice. */
  forwardDelete: Forward;
  keysUrl: string;
}

/** The caller's own key, by the function `keys`. */
export function keyRoutes(options: KeyOptions): Route[] {
  const { forward, forwardGet, forwardDelete, keysUrl: url } = options;
  const get: RequestHandler = async (request, response) => {
    const event = eventHeaders('dev.selvedge.key.get.v1', {});
    const call = { url, ...outgoing(event, request, response) };
    await relay(await forwardRead(forwardGet, call), response);
  };
  const change =
    (type: RequestType, send: Forward): RequestHandler =>
    async (request, response) => {
      try {
        const call = { url, ...outgoing(eventHeaders(type, {}), request, response) };
        await relay(await send(call), response);
      } catch (error) {
        throw unanswered(error);
      }
    };
  const rotate = change('dev.selvedge.key.rotate.v1', forward);
  const destroy = change('dev.selvedge.key.destroy.v1', forwardDelete);
  return [
    { ...described.get, handlers: [get] },
    { ...described.rotate, handlers: [rotate] },
    { ...described.destroy, handlers: [destroy] },
  ];
}

const path = '/v1/me/key';

const told = keyStatus.meta({ id: 'KeyStatus' });

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
          content: json(told),
        },
        ...refusals(404),
      },
    },
  },
  rotate: {
    method: 'post',
    path: `${path}/rotate`,
    operation: {
      tags: ['keys'],
      operationId: 'rotateKey',
      summary:
        'Make a new version of the caller’s key: for new data at once, for those that are there by and by',
      description:
        'Data keys are wrapped anew without leaving Vault. When none is left of an older version, and none of the ' +
        'idempotency keys of a day that belong to one, older versions open nothing any more.',
      responses: {
        202: { description: 'There is a new version', content: json(told) },
        ...refusals(404, 409, 410),
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
