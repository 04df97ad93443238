import { raw, type RequestHandler } from 'express';
import { connectionProfile, identityRequest, issuedIdentity } from '../../lib/applications.ts';
import { parse } from '../../lib/function/envelope.ts';
import { outgoing } from '../call.ts';
import { eventHeaders } from '../event.ts';
import { proceed, takesJson } from '../expect.ts';
import { forwardRead, type Forward } from '../forward.ts';
import { organizationPath } from '../parameters.ts';
import { relay } from '../relay.ts';
import { json, leadsTo, refusals } from './answers.ts';
import type { Route } from './route.ts';

export interface ApplicationOptions {
  /** For what reads. */
  forwardGet: Forward;
  /** For what makes something. */
  forwardPost: Forward;
  provisioningUrl: string;
}

/** The largest request for an identity, in bytes; the function reads as many. */
const requestLimit = 64 * 1024;

/** What applications of a network need to take part in it, from `provisioning`. */
export function applicationRoutes(options: ApplicationOptions): Route[] {
  const { forwardGet, forwardPost, provisioningUrl: url } = options;

  // Sent twice it is two certificates of one key, of which the caller gets one.
  const issue: RequestHandler = async (request, response) => {
    const path = parse(organizationPath, request.params, 'the path');
    const event = eventHeaders('dev.selvedge.identity.issue.v1', path);
    const call = { url, ...outgoing(event, request, response) };
    await relay(await forwardRead(forwardPost, call), response);
  };

  const connection: RequestHandler = async (request, response) => {
    const path = parse(organizationPath, request.params, 'the path');
    const event = eventHeaders('dev.selvedge.connection.get.v1', path);
    const call = { url, ...outgoing(event, request, response) };
    await relay(await forwardRead(forwardGet, call), response);
  };

  return [
    { ...described.issue, handlers: [takesJson, proceed, bytes, issue] },
    { ...described.connection, handlers: [connection] },
  ];
}

/** The body as it came: what it says is the function's to judge. */
const bytes = raw({ type: () => true, limit: requestLimit, inflate: false });

const organizationRoute = '/v1/networks/{network}/organizations/{organization}';

/** Of a key that nobody has any more. */
const example = {
  csr: [
    '-----BEGIN CERTIFICATE REQUEST-----',
    'MIG6MGICAQAwADBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLL3DO34K0KUNoI4',
    '0M6JwA+3lLzfwNy44BUDkQAA37G27OtasJpeNwT5wmpwsvNPAqmoASD3eQbJVceb',
    'jHtwOYugADAKBggqhkjOPQQDAgNIADBFAiEA5Jb025BXnm2rZ3MsprMbRoJhrHJz',
    'NUmS/fpLQufikq8CIGm1oixr6tEvNvvM0Q1qua6xLzGNNQo7mwb/T2enwlOt',
    '-----END CERTIFICATE REQUEST-----',
    '',
  ].join('\n'),
};

const described = {
  issue: {
    method: 'post',
    path: `${organizationRoute}/identities`,
    operation: {
      tags: ['applications'],
      operationId: 'issueIdentity',
      summary:
        'Become a client of an organization, by Kubernetes RBAC: `create` of `fabricnetworks/identities`, ' +
        'named `{network}/{organization}`',
      description:
        "The certificate bears the caller's own name and is good for 30 days; asking again, with the same key or " +
        'another, is how it is renewed. None can be revoked yet.',
      requestParams: { path: organizationPath },
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: identityRequest.meta({ id: 'IdentityRequest' }), example },
        },
      },
      responses: {
        201: {
          description: 'Issued; it is not kept, and cannot be had again',
          content: json(issuedIdentity.meta({ id: 'Identity' })),
          links: leadsTo(organizationPath, 'getConnection'),
        },
        ...refusals(400, 403, 404, 409, 413, 415, 422),
      },
    },
  },
  connection: {
    method: 'get',
    path: `${organizationRoute}/connection`,
    operation: {
      tags: ['applications'],
      operationId: 'getConnection',
      summary: 'Where the peers of an organization are, for who may read the network',
      description:
        "A connection profile as Fabric's samples have it. Addresses are those within the cluster; from outside " +
        'there is no way to a peer yet.',
      requestParams: { path: organizationPath },
      responses: {
        200: {
          description: 'The profile',
          content: json(connectionProfile.meta({ id: 'ConnectionProfile' })),
        },
        ...refusals(400, 403, 404, 409),
      },
    },
  },
} satisfies Record<string, Omit<Route, 'handlers'>>;
