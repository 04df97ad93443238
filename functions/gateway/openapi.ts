import {
  createDocument,
  type CreateDocumentOptions,
  type ZodOpenApiObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import type { Route } from './routes/route.ts';

/** The API's description (OpenAPI 3.1): that of its routes, made from the schemas that check their requests. */
export function openApi(routes: readonly Route[]) {
  const document: ZodOpenApiObject = {
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
    tags: ['networks', 'applications', 'data', 'keys', 'gateway'].map((name) => ({ name })),
    paths: pathsOf(routes),
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
  };
  return createDocument(document, { override: closed });
}

/** A field that a body's schema does not know is refused: most often it is a known one, misspelt. */
const closed: NonNullable<CreateDocumentOptions['override']> = ({ jsonSchema, io }) => {
  if (io === 'input' && jsonSchema.type === 'object') jsonSchema.additionalProperties ??= false;
};

function pathsOf(routes: readonly Route[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, operation } of routes) {
    paths[path] = { ...paths[path], [method]: operation };
  }
  return paths;
}
