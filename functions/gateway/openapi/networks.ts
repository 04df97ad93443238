import { z } from 'zod';
import type { ZodOpenApiPathsObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { networkSpec, networkStatus } from '../../lib/network.ts';
import { networkPath } from '../parameters.ts';
import { json, refusals } from './parts.ts';

const spec = networkSpec.meta({ id: 'NetworkSpec' });
const network = z
  .object({
    name: z.string(),
    generation: z.int().optional(),
    createdAt: z.iso.datetime().optional(),
    deletedAt: z.iso.datetime().optional(),
    spec,
    status: networkStatus.optional(),
  })
  .meta({ id: 'Network' });

const onNetwork = (summary: string, responses: ZodOpenApiResponsesObject) => ({
  tags: ['networks'],
  summary,
  requestParams: { path: networkPath },
  responses: { ...responses, ...refusals(400, 403, 404) },
});

/** The paths of networks. */
export const networkPaths: ZodOpenApiPathsObject = {
  '/v1/networks': {
    get: {
      tags: ['networks'],
      operationId: 'listNetworks',
      summary: 'All networks',
      responses: {
        200: { description: 'The networks', content: json(z.object({ items: z.array(network) })) },
        ...refusals(403),
      },
    },
  },
  '/v1/networks/{network}': {
    get: {
      ...onNetwork('A network: what it should be and what it is', {
        200: { description: 'The network', content: json(network) },
      }),
      operationId: 'getNetwork',
    },
    put: {
      tags: ['networks'],
      operationId: 'putNetwork',
      summary: 'Create a network or replace its spec',
      requestParams: { path: networkPath },
      requestBody: {
        required: true,
        content: { ...json(spec), 'application/yaml': { schema: spec } },
      },
      responses: {
        200: { description: 'Nothing changed', content: json(network) },
        202: { description: 'Accepted; follow it by its events', content: json(network) },
        ...refusals(400, 403, 409, 413, 415, 422),
      },
    },
    delete: {
      ...onNetwork('Delete a network and everything made for it', {
        202: { description: 'Accepted', content: json(network) },
      }),
      operationId: 'deleteNetwork',
    },
  },
  '/v1/networks/{network}/events': {
    get: {
      ...onNetwork('Follow a network: server-sent events `network` and, last, `deleted`', {
        200: {
          description: 'The events',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
      }),
      operationId: 'followNetwork',
    },
  },
};
