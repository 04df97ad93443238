import { raw, type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { policyLimit } from '../../lib/data/policy-extent.ts';
import { policyDecision, policyQuestion, policyReceipt } from '../../lib/events.ts';
import { parse } from '../../lib/function/envelope.ts';
import { outgoing, unanswered } from '../call.ts';
import { eventHeaders } from '../event.ts';
import { proceed, takes, takesJson } from '../expect.ts';
import { forwardRead, type Forward } from '../forward.ts';
import { dataPath, policyHeaders } from '../parameters.ts';
import { relay } from '../relay.ts';
import { datumPath, json, onDatum, refusals } from './answers.ts';
import type { Route } from './route.ts';

export interface PolicyOptions {
  forwardGet: Forward;
  forwardPut: Forward;
  dataGetUrl: string;
  dataPutUrl: string;
}

/** Who may read and write a datum: told to its owner by `data-get`, changed by `data-put`. */
export function policyRoutes(options: PolicyOptions): Route[] {
  const { forwardGet, forwardPut, dataGetUrl, dataPutUrl } = options;

  const get: RequestHandler = async (request, response) => {
    const path = parse(dataPath, request.params, 'the path');
    const event = eventHeaders('dev.selvedge.data.get.v1', { ...path, view: 'policy' });
    const call = { url: dataGetUrl, ...outgoing(event, request, response) };
    await relay(await forwardRead(forwardGet, call), response);
  };

  // The same twice is in force once, so it may be sent a second time.
  const put: RequestHandler = async (request, response) => {
    const { 'if-match': ifmatch, ...path } = readPut(request);
    const event = eventHeaders('dev.selvedge.policy.put.v1', { ...path, ifmatch });
    const call = { url: dataPutUrl, ...outgoing(event, request, response) };
    try {
      await relay(await forwardPut(call), response);
    } catch (error) {
      throw unanswered(error);
    }
  };

  const check: RequestHandler = async (request, response) => {
    const path = parse(dataPath, request.params, 'the path');
    const event = eventHeaders('dev.selvedge.policy.check.v1', path);
    const call = { url: dataGetUrl, ...outgoing(event, request, response) };
    await relay(await forwardRead(forwardGet, call), response);
  };

  const refuseEarly: RequestHandler = (request, _response, next) => {
    readPut(request);
    next();
  };
  return [
    { ...described.get, handlers: [get] },
    {
      ...described.put,
      handlers: [refuseEarly, takes(isPlainText, 'text/plain, in UTF-8'), proceed, bytes, put],
    },
    {
      ...described.check,
      handlers: [takesJson, proceed, bytes, check],
    },
  ];
}

const readPut = ({ headers, params }: Request) =>
  parse(dataPath.extend(policyHeaders.shape), { ...headers, ...params }, 'the request');

/** The body as it came: what it says is the function's to judge. */
const bytes = raw({ type: () => true, limit: policyLimit, inflate: false });

const isPlainText = (request: Request): boolean => {
  const charset = /;\s*charset="?([^";\s]*)/i.exec(request.get('content-type') ?? '')?.[1];
  return request.is('text/plain') !== false && /^(utf-8|us-ascii)?$/i.test(charset ?? '');
};

const policyPath = `${datumPath}/policy` as const;

const example = {
  cedar: `@id("owner-only")
permit (principal, action, resource)
when { resource.owner == principal };

@id("auditors-read")
permit (principal in Group::"auditors", action == Action::"read", resource);
`,
  question: {
    caller: { sub: 'system:serviceaccount:selvedge-users:alice' },
    action: 'read',
  },
};

const text = {
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: policyLimit,
    description: `Cedar policies by the schema at \`/v1/policy-schema\`; at most ${policyLimit} bytes.`,
  },
  example: example.cedar,
} as const;

const headers = z.object({
  ETag: z.string().meta({ description: 'The number of the policy, quoted: for `If-Match`' }),
  'Selvedge-Edition': z.string().meta({ description: 'The number of the policy' }),
  'Selvedge-Policy': z.string().meta({ description: 'SHA-256 of the text, as on the chain' }),
});

const described = {
  get: {
    method: 'get',
    path: policyPath,
    operation: onDatum('getPolicy', 'The access policy in force, for the owner of the datum', {
      200: {
        description: 'Cedar text, verified against the chain',
        headers,
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
      ...refusals(400, 404, 410),
    }),
  },
  put: {
    method: 'put',
    path: policyPath,
    operation: {
      ...onDatum('putPolicy', 'Put another access policy in force; the owner of the datum may', {
        200: {
          description: 'In force for every request that begins after this answer',
          headers: headers.extend({
            'Selvedge-Transaction': z
              .string()
              .optional()
              .meta({ description: 'The transaction; none where it was in force already' }),
          }),
          content: json(policyReceipt.meta({ id: 'PolicyReceipt' })),
        },
        ...refusals(400, 403, 404, 409, 410, 412, 413, 415, 422, 507),
      }),
      requestParams: { path: dataPath, header: policyHeaders },
      requestBody: { required: true, content: { 'text/plain': text } },
    },
  },
  check: {
    method: 'post',
    path: `${policyPath}/check`,
    operation: {
      ...onDatum('checkPolicy', 'What the policy in force decides for somebody, for the owner', {
        200: {
          description: 'The decision, and the policies that made it',
          content: json(policyDecision.meta({ id: 'PolicyDecision' })),
        },
        ...refusals(400, 404, 410, 413, 415, 422),
      }),
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: policyQuestion.meta({ id: 'PolicyQuestion' }),
            example: example.question,
          },
        },
      },
    },
  },
} satisfies Record<string, Omit<Route, 'handlers'>>;
