import type { Response } from 'express';
import { policySchema } from '../../lib/data/policy-schema.ts';
import { registry } from '../../lib/function/metrics.ts';
import { Unavailable } from '../../lib/errors.ts';
import type { Route } from './route.ts';

/** A route that asks for no token. */
interface Open {
  path: string;
  operationId: string;
  summary: string;
  type: string;
  answer: (response: Response) => Promise<void> | void;
}

/**
 * What the gateway says of itself.
 *
 * @param ending aborted when it should get no new requests
 * @param description the OpenAPI document, asked for when it is served
 */
export function metaRoutes(ending: AbortSignal, description: () => object): Route[] {
  return [
    open({
      path: '/healthz',
      operationId: 'getHealth',
      summary: 'Whether the process lives',
      type: 'application/json',
      answer: (response) => void response.json({ status: 'ok' }),
    }),
    open({
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'Whether it takes requests',
      type: 'application/json',
      answer: (response) => {
        if (ending.aborted) throw new Unavailable('the gateway is ending');
        response.json({ status: 'ok' });
      },
    }),
    open({
      path: '/metrics',
      operationId: 'getMetrics',
      summary: 'Metrics for Prometheus',
      type: 'text/plain',
      answer: async (response) => {
        response.type(registry.contentType).send(await registry.metrics());
      },
    }),
    open({
      path: '/openapi.json',
      operationId: 'getOpenApi',
      summary: 'This document',
      type: 'application/json',
      answer: (response) => void response.json(description()),
    }),
    open({
      path: '/v1/policy-schema',
      operationId: 'getPolicySchema',
      summary: 'What access policies may speak of, in the schema language of Cedar',
      type: 'text/plain',
      answer: (response) => void response.type('text/plain').send(policySchema),
    }),
  ];
}

function open({ path, operationId, summary, type, answer }: Open): Route {
  return {
    method: 'get',
    path,
    operation: {
      tags: ['gateway'],
      operationId,
      summary,
      security: [],
      responses: { 200: { description: 'As asked', content: { [type]: { schema: {} } } } },
    },
    handlers: [(_request, response) => answer(response)],
  };
}
