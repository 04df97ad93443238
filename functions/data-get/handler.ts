/** Events in, data out. */
import type { Authenticator } from '../lib/function/authentication.ts';
import { requests, type RequestOf } from '../lib/events.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../lib/function/serve.ts';
import { content, head, receipt, type Described } from './get.ts';
import type { GetRequest, Deps } from './deps.ts';

export interface Handlers {
  deps: Deps;
  authenticator: Authenticator;
  /** The namespace of the networks. */
  namespace: string;
}

type GetCall = Call<RequestOf<'dev.selvedge.data.get.v1'>>;

export function endpoints(handlers: Handlers): Record<string, Endpoint<unknown>> {
  return {
    'dev.selvedge.data.get.v1': endpoint(
      requests['dev.selvedge.data.get.v1'],
      async (call: GetCall) => {
        const { network, key, dataversion: version, view } = call.attributes;
        const caller = await handlers.authenticator.authenticate(call.authorization);
        const { deps, namespace } = handlers;
        const ref = { ...(await deps.networks.find({ namespace, network })), key };
        return views[view](deps, { ref, caller, version, signal: call.signal });
      },
    ),
  };
}

const views: Record<
  GetCall['attributes']['view'],
  (deps: Deps, request: GetRequest) => Promise<Reply>
> = {
  async content(deps, request) {
    const { body, ...found } = await content(deps, request);
    const headers = { ...headersOf(found), 'Content-Length': String(found.size) };
    return { status: 200, headers, body };
  },
  async head(deps, request) {
    return { status: 200, headers: headersOf(await head(deps, request)) };
  },
  async receipt(deps, request) {
    const view = await receipt(deps, request);
    const headers = { 'Content-Type': 'application/json' };
    return { status: 200, headers, body: JSON.stringify(view) };
  },
};

function headersOf({ anchored, record, size }: Described): Record<string, string> {
  return {
    'Content-Type': record.contentType,
    'Selvedge-Version': String(anchored.version),
    'Selvedge-Digest': anchored.digest,
    'Selvedge-Transaction': anchored.transactionId,
    'Selvedge-Size': String(size),
  };
}
