import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import { dataPaths } from './openapi/data.ts';
import { networkPaths } from './openapi/networks.ts';

const open = (operationId: string, summary: string, type: string): ZodOpenApiOperationObject => ({
  tags: ['gateway'],
  operationId,
  summary,
  security: [],
  responses: {
    200: { description: 'As asked', content: { [type]: { schema: {} } } },
  },
});

const metaPaths: ZodOpenApiPathsObject = {
  '/healthz': { get: open('getHealth', 'Whether the process lives', 'application/json') },
  '/readyz': { get: open('getReadiness', 'Whether it takes requests', 'application/json') },
  '/metrics': { get: open('getMetrics', 'Metrics for Prometheus', 'text/plain') },
  '/openapi.json': { get: open('getOpenApi', 'This document', 'application/json') },
};

/** The API's description (OpenAPI 3.1), made from the schemas that check its requests. */
export function openApi() {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Selvedge',
      version: '1.0.0',
      description:
        'Hyperledger Fabric networks as a service, and encrypted data tied to their chains.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [{ name: 'networks' }, { name: 'data' }, { name: 'gateway' }],
    paths: { ...networkPaths, ...dataPaths, ...metaPaths },
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An OIDC token with the audience `selvedge`',
        },
      },
    },
  });
}
