import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { anchored, dataList, head as datumHead, versionList } from '../../lib/events.ts';
import { parse } from '../../lib/function/envelope.ts';
import { callerHeaders, departure } from '../call.ts';
import { eventHeaders } from '../event.ts';
import { forwardRead, type Forward } from '../forward.ts';
import {
  contentHeaders,
  dataPath,
  dataQuery,
  networkPath,
  readHeaders,
  readQuery,
  versionsQuery,
} from '../parameters.ts';
import { relay, relayHead } from '../relay.ts';
import { anyBytes, datumPath, json, onDatum, refusals, stored, versionTag } from './answers.ts';
import type { Route } from './route.ts';

export interface ReadOptions {
  forward: Forward;
  dataGetUrl: string;
}

/** What is stored comes from users: a browser must not run it in the name of this origin. */
const sandboxed = "default-src 'none'; sandbox";

/** Reading data, by the function `data-get`. */
export function readRoutes(options: ReadOptions): Route[] {
  const head: RequestHandler = async (request, response) => {
    await relayHead(await read(options, 'head', request, response), response);
  };
  const get: RequestHandler = async (request, response) => {
    const answer = await read(options, 'content', request, response);
    response.set('Content-Security-Policy', sandboxed);
    await relay(answer, response);
  };
  const getReceipt: RequestHandler = async (request, response) => {
    await relay(await read(options, 'receipt', request, response), response);
  };
  const listData: RequestHandler = async (request, response) => {
    const given = { ...request.query, ...request.params };
    const asked = parse(networkPath.extend(dataQuery.shape), given, 'the request');
    const event = eventHeaders('dev.selvedge.data.list.v1', asked);
    await relay(await ask(options, event, request, response), response);
  };
  const listVersions: RequestHandler = async (request, response) => {
    const given = { ...request.query, ...request.params };
    const asked = parse(dataPath.extend(versionsQuery.shape), given, 'the request');
    const { cursor: before, ...rest } = asked;
    const event = eventHeaders('dev.selvedge.versions.list.v1', { ...rest, before });
    await relay(await ask(options, event, request, response), response);
  };
  return [
    {
      method: 'head',
      path: datumPath,
      operation: conditional(
        readHeaders,
        reading('headDatum', 'What a read would give, without the body', {
          200: { description: 'There is such a datum', headers: metadataHeaders },
        }),
      ),
      handlers: [head],
    },
    {
      method: 'get',
      path: datumPath,
      operation: conditional(
        contentHeaders,
        reading('getDatum', 'Read a version, or a range of it, verified against the chain', {
          200: {
            description: 'The plaintext',
            headers: metadataHeaders,
            content: { '*/*': anyBytes },
          },
          206: {
            description: 'The range: of a large object nothing else is read and verified',
            headers: metadataHeaders.extend({
              'Content-Range': z.string().meta({ description: '`bytes first-last/size`' }),
            }),
            content: { '*/*': anyBytes },
          },
          ...refusals(416),
        }),
      ),
      handlers: [get],
    },
    {
      method: 'get',
      path: `${datumPath}/receipt`,
      operation: reading(
        'getReceipt',
        'The receipt, with what the chain keeps of version and datum as peers of two organizations have it',
        { 200: { description: 'The receipt', content: json(proof) } },
      ),
      handlers: [getReceipt],
    },
    {
      method: 'get',
      path: '/v1/networks/{network}/data',
      operation: {
        tags: ['data'],
        operationId: 'listData',
        summary: 'The data of the caller’s own, in the order of their percent-encoded keys',
        requestParams: { path: networkPath, query: dataQuery },
        responses: {
          200: {
            description:
              'A page of keys, each with the current version by the chain. What others own is not listed, may the caller read it or not',
            content: json(dataList.meta({ id: 'DataList' })),
          },
          ...refusals(400, 404),
        },
      },
      handlers: [listData],
    },
    {
      method: 'get',
      path: `${datumPath}/versions`,
      operation: {
        ...onDatum('listVersions', 'The versions of a datum, newest first, for who may read it', {
          200: {
            description: 'A page of versions, each held against what the chain keeps of it',
            content: json(versionList.meta({ id: 'VersionList' })),
          },
          ...refusals(400, 404, 410),
        }),
        requestParams: { path: dataPath, query: versionsQuery },
      },
      handlers: [listVersions],
    },
  ];
}

const proof = z
  .object({
    receipt: stored,
    onChain: anchored.meta({
      description: 'What the chain keeps of the version, as peers of two organizations have it now',
    }),
    head: datumHead.meta({ description: 'What of the datum counts now, as they have it' }),
    verified: z.boolean(),
  })
  .meta({ id: 'VerifiedReceipt' });

const metadataHeaders = z.object({
  ETag: versionTag,
  'Accept-Ranges': z.literal('bytes'),
  'Selvedge-Version': z.string().meta({ description: 'The number of the version' }),
  'Selvedge-Digest': z.string().meta({
    description: 'Tree hash (RFC 9162, SHA-256) of the ciphertext, as on the chain',
  }),
  'Selvedge-Transaction': z.string().meta({ description: 'The id of the transaction' }),
});

const reading = (
  operationId: string,
  summary: string,
  responses: ZodOpenApiResponsesObject,
): Route['operation'] => ({
  ...onDatum(operationId, summary, { ...responses, ...refusals(400, 404, 410) }),
  requestParams: { path: dataPath, query: readQuery },
});

/** The same, where the caller may say which version it means or has. */
const conditional = (
  header: typeof readHeaders,
  operation: Route['operation'],
): Route['operation'] => ({
  ...operation,
  requestParams: { ...operation.requestParams, header },
  responses: {
    ...operation.responses,
    304: {
      description: 'It is a version that the caller has',
      headers: z.object({ ETag: versionTag }),
    },
    ...refusals(412),
  },
});

/** Asks `data-get` for one view of the datum that the request names. */
function read(
  options: ReadOptions,
  view: 'content' | 'head' | 'receipt',
  request: Request,
  response: Response,
) {
  const given = { ...request.query, ...request.params };
  const { version, ...path } = parse(dataPath.extend(readQuery.shape), given, 'the request');
  const attributes = { ...path, dataversion: version, view, ...conditionsOf(view, request) };
  return ask(options, eventHeaders('dev.selvedge.data.get.v1', attributes), request, response);
}

function conditionsOf(view: 'content' | 'head' | 'receipt', { headers }: Request) {
  if (view === 'receipt') return {};
  const given = parse(contentHeaders, headers, 'the headers');
  const { 'if-match': ifmatch, 'if-none-match': ifnonematch } = given;
  if (view === 'head') return { ifmatch, ifnonematch };
  return { ifmatch, ifnonematch, range: given.range, ifrange: given['if-range'] };
}

function ask(
  { forward, dataGetUrl }: ReadOptions,
  event: Record<string, string>,
  request: Request,
  response: Response,
) {
  const headers = { ...event, ...callerHeaders(request, response), 'content-length': '0' };
  return forwardRead(forward, { url: dataGetUrl, headers, signal: departure(response) });
}
