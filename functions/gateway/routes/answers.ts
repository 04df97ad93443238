import { z } from 'zod';
import type { ZodOpenApiLinksObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { problemType } from '../../lib/errors.ts';
import { receipt } from '../../lib/events.ts';
import { dataPath } from '../parameters.ts';
import type { Route } from './route.ts';

export const problem = z
  .looseObject({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().optional(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every bad field, or each fault of a policy with its `line:column`' }),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457)' });

export const datumPath = '/v1/networks/{network}/data/{key}';

/** How a route of a datum is described. */
export const onDatum = (
  operationId: string,
  summary: string,
  responses: ZodOpenApiResponsesObject,
): Route['operation'] => ({
  tags: ['data'],
  operationId,
  summary,
  requestParams: { path: dataPath },
  responses,
});

/** What a put is answered with, under one name in the description. */
export const stored = receipt.meta({ id: 'Receipt' });

/** A body that is a datum's own, of whatever type. */
export const bytes = { schema: { type: 'string', format: 'binary' } } as const;

/** The same in an answer, without a schema (OpenAPI 3.1): read as JSON, which it may be, it is no string. */
export const anyBytes = {} as const;

/** The header `ETag` of a version. */
export const versionTag = z
  .string()
  .meta({ description: 'The entity tag of the version: for `If-Match` and `If-None-Match`' });

/** A JSON body. */
export const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

/**
 * What an answer leads to: operations on the network, or the datum, that was asked for.
 *
 * @param path the parameters of its path
 */
export function leadsTo(path: z.ZodObject, ...operationIds: string[]): ZodOpenApiLinksObject {
  const parameters: Record<string, string> = {};
  for (const name of Object.keys(path.shape)) parameters[name] = `$request.path.${name}`;
  return Object.fromEntries(
    operationIds.map((operationId) => [operationId, { operationId, parameters }]),
  );
}

const reasons = {
  400: 'The request is malformed; every bad field is listed',
  401: 'No valid token came with it',
  403: 'The caller may not do this',
  404: 'There is no such thing',
  405: 'The path has no such method; `Allow` lists those it has',
  408: 'The body came too slowly; nothing was stored',
  409: 'Another change came first, or the idempotency key is in use',
  410: 'The datum was erased, or its owner’s key was destroyed',
  412: 'There is another version, or policy, than the one that is meant; nothing was changed',
  413: 'The body is too large',
  415: 'The body has a type or coding that is not taken',
  416: 'There is no byte of the range; `Content-Range` and `size` say how many there are',
  422: 'Understood and refused',
  429: 'The caller takes more than its share; try again after `Retry-After` seconds',
  500: 'What is stored does not match the chain, or a fault inside',
  503: 'A part does not answer; try again after `Retry-After` seconds. A put that may yet be done says so (`fate-open`): the same again, with the `Idempotency-Key` of the answer, gives its receipt; a policy or an erasure likewise, and the same again tells',
  507: 'The store is out of space',
} as const;

/** The answers of refusal that a route has, beside those that all have. */
export function refusals(...statuses: (keyof typeof reasons)[]): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  for (const status of [401, 429, 500, 503, ...statuses] as const) {
    responses[`${status}`] = {
      description: reasons[status],
      content: { [problemType]: { schema: problem } },
    };
  }
  return responses;
}
