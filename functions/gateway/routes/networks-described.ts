/** What the routes of networks are to their callers; networks.ts has what answers them. */
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { networkSpec } from '../../lib/network.ts';
import { networkStatus } from '../../lib/network/status.ts';
import { networkPath } from '../parameters.ts';
import { resourceWith } from '../spec.ts';
import { json, leadsTo, refusals } from './answers.ts';
import type { Route } from './route.ts';

const example = {
  consensus: { type: 'raft', orderers: 3 },
  organizations: [
    { name: 'farm', mspId: 'FarmMSP', peers: 2 },
    { name: 'shop', mspId: 'ShopMSP', peers: 2 },
  ],
  channels: [
    {
      name: 'goods',
      organizations: ['farm', 'shop'],
      chaincodes: [{ name: 'anchor', builtin: 'anchor', version: '1' }],
    },
  ],
  data: { channel: 'goods' },
};
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
/** As kubectl takes it. */
const resource = resourceWith(z.string().describe('That of the path.'))
  .extend({ spec })
  .meta({ id: 'FabricNetwork' });
const body = { schema: z.union([spec, resource]), example };
const state = z.object({
  event: z.enum(['network', 'deleted']),
  data: z.string().meta({
    description: 'A `Network` as JSON; of a network that is deleted, `{}`.',
    contentMediaType: 'application/json',
  }),
});

const onNetwork = (
  operationId: string,
  summary: string,
  responses: ZodOpenApiResponsesObject,
): Route['operation'] => ({
  tags: ['networks'],
  operationId,
  summary,
  requestParams: { path: networkPath },
  responses: { ...responses, ...refusals(400, 403, 404) },
});

type Described = Omit<Route, 'handlers'>;

export const described = {
  list: {
    method: 'get',
    path: '/v1/networks',
    operation: {
      tags: ['networks'],
      operationId: 'listNetworks',
      summary: 'All networks',
      responses: {
        200: { description: 'The networks', content: json(z.object({ items: z.array(network) })) },
        ...refusals(403),
      },
    },
  },
  get: {
    method: 'get',
    path: '/v1/networks/{network}',
    operation: onNetwork('getNetwork', 'A network: what it should be and what it is', {
      200: { description: 'The network', content: json(network) },
    }),
  },
  put: {
    method: 'put',
    path: '/v1/networks/{network}',
    operation: {
      tags: ['networks'],
      operationId: 'putNetwork',
      summary: 'Create a network or replace its spec',
      requestParams: { path: networkPath },
      requestBody: {
        required: true,
        content: { 'application/json': body, 'application/yaml': body },
      },
      responses: {
        200: { description: 'Nothing changed', content: json(network) },
        202: {
          description: 'Accepted; follow it by its events',
          content: json(network),
          links: leadsTo(networkPath, 'getNetwork', 'followNetwork', 'deleteNetwork'),
        },
        ...refusals(400, 403, 409, 413, 415, 422),
      },
    },
  },
  remove: {
    method: 'delete',
    path: '/v1/networks/{network}',
    operation: onNetwork('deleteNetwork', 'Delete a network and everything made for it', {
      202: {
        description: 'Accepted',
        content: json(network),
        links: leadsTo(networkPath, 'getNetwork'),
      },
    }),
  },
  follow: {
    method: 'get',
    path: '/v1/networks/{network}/events',
    operation: onNetwork(
      'followNetwork',
      'Follow a network: server-sent events `network` and, last, `deleted`',
      {
        200: {
          description: 'The events',
          content: { 'text/event-stream': { schema: state } },
        },
      },
    ),
  },
} satisfies Record<string, Described>;
