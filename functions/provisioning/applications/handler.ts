/** What applications of a network ask of it, in person: their token comes with the event. */
import {
  identityRequest,
  type ConnectionProfile,
  type IssuedIdentity,
} from '../../lib/applications.ts';
import { requests, type RequestOf } from '../../lib/events.ts';
import type { Authenticator } from '../../lib/function/authentication.ts';
import { readJson } from '../../lib/function/envelope.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../../lib/function/serve.ts';
import type { Authorizer } from '../../lib/kubernetes/authorization.ts';
import type { Clients } from '../clients.ts';
import { issue } from './issue.ts';
import { profile } from './profile.ts';

export interface ApplicationOptions {
  clients: Clients;
  authenticator: Authenticator;
  authorizer: Authorizer;
  /** The namespace of the networks. */
  namespace: string;
}

type IssueCall = Call<RequestOf<'dev.selvedge.identity.issue.v1'>>;
type ConnectionCall = Call<RequestOf<'dev.selvedge.connection.get.v1'>>;

/** The most bytes of a request for an identity: its escapes in JSON included. */
const mostRequest = 64 * 1024;

export function applicationEndpoints(
  options: ApplicationOptions,
): Record<string, Endpoint<unknown>> {
  const { clients, authenticator, authorizer, namespace } = options;
  const fabricnetworks = { resource: 'fabricnetworks', namespace } as const;

  const issueIdentity = async ({ attributes, authorization, body, log }: IssueCall) => {
    const { network, organization } = attributes;
    const caller = await authenticator.authenticate(authorization);
    await authorizer.require(caller, {
      ...fabricnetworks,
      verb: 'create',
      subresource: 'identities',
      name: `${network}/${organization}`,
    });
    const { csr } = await readJson(body, identityRequest, mostRequest);
    const at = { id: { namespace, network }, organization };
    const issued = await issue(clients, at, { subject: caller.subject, csr });
    const { serial, notAfter } = issued;
    const user = caller.subject;
    log.info({ audit: 'issued', user, network, organization, serial, notAfter }, 'audit');
    return json(201, issued);
  };

  const getConnection = async ({ attributes, authorization }: ConnectionCall) => {
    const { network, organization } = attributes;
    const caller = await authenticator.authenticate(authorization);
    await authorizer.require(caller, { ...fabricnetworks, verb: 'get', name: network });
    return json(200, await profile(clients, { id: { namespace, network }, organization }));
  };

  return {
    'dev.selvedge.identity.issue.v1': endpoint(
      requests['dev.selvedge.identity.issue.v1'],
      issueIdentity,
    ),
    'dev.selvedge.connection.get.v1': endpoint(
      requests['dev.selvedge.connection.get.v1'],
      getConnection,
    ),
  };
}

function json(status: number, answer: IssuedIdentity | ConnectionProfile): Reply {
  const headers = { 'Content-Type': 'application/json' };
  return { status, headers, body: JSON.stringify(answer) };
}
