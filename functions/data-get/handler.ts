/** Events in, data out. */
import { versionTag } from '../lib/conditions.ts';
import type { Range } from '../lib/data/cipher.ts';
import { Unauthorized, Unprocessable } from '../lib/errors.ts';
import type { Authenticator, Caller, Callers, Claims } from '../lib/function/authentication.ts';
import { readJson } from '../lib/function/envelope.ts';
import { policyHeaders, policyQuestion, requests, type RequestOf } from '../lib/events.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../lib/function/serve.ts';
import { content, head, receipt, requireKept, type Described } from './get.ts';
import type { GetRequest, Deps } from './deps.ts';
import { list } from './list.ts';
import { select, type Asked } from './select.ts';
import { check, policyInForce } from './policy.ts';
import { versions } from './versions.ts';

export interface Handlers {
  deps: Deps;
  authenticator: Authenticator & Callers;
  /** The namespace of the networks. */
  namespace: string;
}

type GetCall = Call<RequestOf<'dev.selvedge.data.get.v1'>>;
type VersionsCall = Call<RequestOf<'dev.selvedge.versions.list.v1'>>;
type ListCall = Call<RequestOf<'dev.selvedge.data.list.v1'>>;
type CheckCall = Call<RequestOf<'dev.selvedge.policy.check.v1'>>;

export function endpoints(handlers: Handlers): Record<string, Endpoint<unknown>> {
  return {
    'dev.selvedge.data.get.v1': endpoint(
      requests['dev.selvedge.data.get.v1'],
      async (call: GetCall) => {
        const { dataversion: version, view } = call.attributes;
        const request = { ...(await requestOf(handlers, call)), version };
        return views[view](handlers.deps, request, askedOf(call));
      },
    ),
    'dev.selvedge.data.list.v1': endpoint(
      requests['dev.selvedge.data.list.v1'],
      async ({ attributes, authorization }: ListCall) => {
        const { authenticator, deps, namespace } = handlers;
        const { network, ...page } = attributes;
        const caller = await authenticator.authenticate(authorization);
        const found = await deps.networks.find({ namespace, network });
        return json(await list(deps, { network: found, caller, ...page, cursor: page.cursor }));
      },
    ),
    'dev.selvedge.versions.list.v1': endpoint(
      requests['dev.selvedge.versions.list.v1'],
      async (call: VersionsCall) => {
        const { limit, before } = call.attributes;
        const request = await requestOf(handlers, call);
        return json(await versions(handlers.deps, request, { limit, before }));
      },
    ),
    'dev.selvedge.policy.check.v1': endpoint(
      requests['dev.selvedge.policy.check.v1'],
      async (call: CheckCall) => {
        const request = await requestOf(handlers, call);
        const { caller: claims, action } = await readJson(call.body, policyQuestion, mostQuestion);
        const caller = callerWith(handlers.authenticator, claims);
        return json(await check(handlers.deps, request, { caller, action }));
      },
    ),
  };
}

/** The most bytes of the question of a check. */
const mostQuestion = 64 * 1024;

/** Who asks for which datum, once the token was checked. */
async function requestOf(
  { deps, authenticator, namespace }: Handlers,
  { attributes, authorization, signal }: GetCall | VersionsCall | CheckCall,
): Promise<GetRequest> {
  const { network, key } = attributes;
  const caller = await authenticator.authenticate(authorization);
  const ref = { ...(await deps.networks.find({ namespace, network })), key };
  return { ref, caller, version: undefined, signal };
}

function askedOf({ attributes }: GetCall): Asked {
  const { ifmatch: ifMatch, ifnonematch: ifNoneMatch, range, ifrange: ifRange } = attributes;
  return { ifMatch, ifNoneMatch, range, ifRange };
}

function callerWith(callers: Callers, claims: Claims): Caller {
  try {
    return callers.callerWith(claims);
  } catch (cause) {
    if (!(cause instanceof Unauthorized)) throw cause;
    throw new Unprocessable(`nobody has such a token: ${cause.message}`, { cause });
  }
}

const views: Record<
  GetCall['attributes']['view'],
  (deps: Deps, request: GetRequest, asked: Asked) => Promise<Reply>
> = {
  async content(deps, request, asked) {
    const found = await head(deps, request);
    const { size } = found;
    const headers = headersOf(found);
    const selected = select(asked, { tag: headers.ETag, size });
    if (selected === 'unchanged') {
      await requireKept(deps, found);
      return unchanged(headers);
    }
    if (selected === 'whole') {
      const body = await content(deps, request, found);
      return { status: 200, headers: { ...headers, 'Content-Length': String(size) }, body };
    }
    const body = await content(deps, request, found, selected);
    return { status: 206, headers: { ...headers, ...rangeHeaders(selected, size) }, body };
  },
  // A range is asked of a body alone (RFC 9110, section 14.2).
  async head(deps, request, { ifMatch, ifNoneMatch }) {
    const found = await head(deps, request);
    await requireKept(deps, found);
    const headers = headersOf(found);
    const selected = select({ ifMatch, ifNoneMatch }, { tag: headers.ETag, size: found.size });
    return selected === 'unchanged' ? unchanged(headers) : { status: 200, headers };
  },
  async receipt(deps, request) {
    return json(await receipt(deps, request));
  },
  async policy(deps, request) {
    const { policy, head: now } = await policyInForce(deps, request);
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', ...policyHeaders(now) };
    return { status: 200, headers, body: policy };
  },
};

function json(value: object): Reply {
  const headers = { 'Content-Type': 'application/json' };
  return { status: 200, headers, body: JSON.stringify(value) };
}

/** The caller has it already: nothing is told but which one it is (RFC 9110, section 15.4.5). */
function unchanged({ ETag }: { ETag: string }): Reply {
  return { status: 304, headers: { ETag } };
}

function rangeHeaders({ first, last }: Range, size: number): Record<string, string> {
  return {
    'Content-Range': `bytes ${first}-${last}/${size}`,
    'Content-Length': String(last - first + 1),
  };
}

function headersOf({ anchored, record, size }: Described) {
  return {
    'Content-Type': record.contentType,
    ETag: versionTag(anchored),
    'Accept-Ranges': 'bytes',
    'Selvedge-Version': String(anchored.version),
    'Selvedge-Digest': anchored.digest,
    'Selvedge-Transaction': anchored.transactionId,
    'Selvedge-Size': String(size),
  };
}
