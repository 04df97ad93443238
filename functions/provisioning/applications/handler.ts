/** What applications of a network ask of it, in person: their token comes with the event. */
import {
  identityRequest,
  type ConnectionProfile,
  type IssuedIdentity,
} from '../../lib/applications.ts';
import { Forbidden } from '../../lib/errors.ts';
import { requests, type RequestOf } from '../../lib/events.ts';
import type { Authenticator, Caller } from '../../lib/function/authentication.ts';
import { readJson } from '../../lib/function/envelope.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../../lib/function/serve.ts';
import type { Authorizer } from '../../lib/kubernetes/authorization.ts';
import type { Logger } from '../../lib/log.ts';
import type { Clients } from '../clients.ts';
import { issue } from './issue.ts';
import { Pace } from './pace.ts';
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

/** How many a user is issued in a minute: many for one who renews all of them at once, few for a loop gone wild. */
const mostIssued = 30;

/** The most bytes of a request for an identity: its escapes in JSON included. */
const mostRequest = 64 * 1024;

export function applicationEndpoints(
  options: ApplicationOptions,
): Record<string, Endpoint<unknown>> {
  const { clients, authenticator, authorizer, namespace } = options;
  const pace = new Pace(mostIssued);
  const fabricnetworks = { resource: 'fabricnetworks', namespace } as const;

  const issueTo = async (caller: Caller, { attributes, body }: IssueCall) => {
    const { network, organization } = attributes;
    await authorizer.require(caller, {
      ...fabricnetworks,
      verb: 'create',
      subresource: 'identities',
      name: `${network}/${organization}`,
    });
    pace.take(caller.id);
    const { csr } = await readJson(body, identityRequest, mostRequest);
    const at = { id: { namespace, network }, organization };
    return issue(clients, at, { subject: caller.subject, csr });
  };

  const issueIdentity = async (call: IssueCall) => {
    const { network, organization } = call.attributes;
    const caller = await authenticator.authenticate(call.authorization);
    const about = { user: caller.subject, network, organization };
    const issued = await audited(call.log, about, issueTo(caller, call));
    const { serial, notAfter } = issued;
    call.log.info({ audit: 'issued', ...about, serial, notAfter }, 'audit');
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

/** Does the work; the audit hears of who was not let. */
async function audited<T>(log: Logger, about: object, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Forbidden) {
      log.info({ audit: 'denied', ...about, reason: error.message }, 'audit');
    }
    throw error;
  }
}
