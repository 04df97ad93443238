import { z } from 'zod';
import type { ZodOpenApiPathsObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { anchorRecord, receipt } from '../../lib/events.ts';
import { dataPath, putHeaders, readQuery } from '../parameters.ts';
import { json, refusals } from './parts.ts';

const stored = receipt.meta({ id: 'Receipt' });
const proof = z
  .object({
    receipt: stored,
    onChain: anchorRecord
      .extend({ transactionId: z.string() })
      .nullable()
      .meta({ description: 'The record on the chain, as a peer has it now' }),
    verified: z.boolean(),
  })
  .meta({ id: 'VerifiedReceipt' });

const bytes = { schema: { type: 'string', format: 'binary' } } as const;

const metadataHeaders = z.object({
  'Selvedge-Version': z.string().meta({ description: 'The number of the version' }),
  'Selvedge-Digest': z.string().meta({ description: 'SHA-256 of the ciphertext, as on the chain' }),
  'Selvedge-Transaction': z.string().meta({ description: 'The id of the transaction' }),
});

const reading = (summary: string, responses: ZodOpenApiResponsesObject) => ({
  tags: ['data'],
  summary,
  requestParams: { path: dataPath, query: readQuery },
  responses: { ...responses, ...refusals(400, 403, 404, 410) },
});

/** The paths of data and receipts. */
export const dataPaths: ZodOpenApiPathsObject = {
  '/v1/networks/{network}/data/{key}': {
    put: {
      tags: ['data'],
      operationId: 'putDatum',
      summary: 'Store a new version: encrypted, anchored on the chain, then current',
      requestParams: { path: dataPath, header: putHeaders },
      requestBody: { required: true, content: { '*/*': bytes } },
      responses: {
        201: { description: 'Stored and anchored', content: json(stored) },
        ...refusals(400, 403, 404, 409, 413, 415, 422, 507),
      },
    },
    get: {
      ...reading('Read a version, verified against the chain', {
        200: { description: 'The plaintext', headers: metadataHeaders, content: { '*/*': bytes } },
      }),
      operationId: 'getDatum',
    },
    head: {
      ...reading('What a read would give, without the body', {
        200: { description: 'There is such a datum', headers: metadataHeaders },
      }),
      operationId: 'headDatum',
    },
  },
  '/v1/networks/{network}/data/{key}/receipt': {
    get: {
      ...reading('The receipt, with the record on the chain as a peer has it now', {
        200: { description: 'The receipt', content: json(proof) },
      }),
      operationId: 'getReceipt',
    },
  },
};
