/** Events in, receipts out. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Authenticator, Caller } from '../lib/function/authentication.ts';
import type { Authorizer } from '../lib/kubernetes/authorization.ts';
import type { Incarnation } from '../lib/data/datum.ts';
import { versionTag } from '../lib/conditions.ts';
import { policyLimit } from '../lib/data/policy-extent.ts';
import { readText, type Envelope } from '../lib/function/envelope.ts';
import { BadRequest, fateHeader, toProblem } from '../lib/errors.ts';
import {
  policyHeaders,
  requests,
  resultEvent,
  type Receipt,
  type RequestOf,
} from '../lib/events.ts';
import type { Logger } from '../lib/log.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../lib/function/serve.ts';
import { audited } from './audit.ts';
import { putBatch, type Item } from './batch.ts';
import { source, type Outbox } from './outbox.ts';
import type { Deps } from './deps.ts';
import { eraseDatum } from './erasure.ts';
import { putPolicy, type PolicyChange } from './policy.ts';
import { put } from './put.ts';
import { sweepAlone } from './sweep.ts';

export interface Handlers {
  deps: Deps;
  outbox: Outbox;
  authenticator: Authenticator;
  authorizer: Authorizer;
  /** The namespace of the networks. */
  namespace: string;
}

type PutCall = Call<RequestOf<'dev.selvedge.data.put.v1'>>;
type BatchCall = Call<RequestOf<'dev.selvedge.batch.put.v1'>>;
type EraseCall = Call<RequestOf<'dev.selvedge.data.erase.v1'>>;
type PolicyCall = Call<RequestOf<'dev.selvedge.policy.put.v1'>>;

export function endpoints(handlers: Handlers): Record<string, Endpoint<unknown>> {
  const sweeping = endpoint(z.looseObject({}), async ({ log }: Call<unknown>): Promise<Reply> => {
    const swept = await sweepAlone(handlers.deps, handlers.outbox, log);
    if (swept) log.info(swept, 'the sweep is done');
    else log.info('another sweep is under way');
    return { status: 200 };
  });
  return {
    'dev.selvedge.data.put.v1': endpoint(requests['dev.selvedge.data.put.v1'], (call) =>
      handlePut(handlers, call),
    ),
    'dev.selvedge.batch.put.v1': endpoint(requests['dev.selvedge.batch.put.v1'], (call) =>
      handleBatch(handlers, call),
    ),
    'dev.selvedge.data.erase.v1': endpoint(requests['dev.selvedge.data.erase.v1'], (call) =>
      handleErase(handlers, call),
    ),
    'dev.selvedge.policy.put.v1': endpoint(requests['dev.selvedge.policy.put.v1'], (call) =>
      handlePolicy(handlers, call),
    ),
    'dev.selvedge.data.sweep.v1': sweeping,
    // What a PingSource sends; its type cannot be chosen.
    'dev.knative.sources.ping': sweeping,
  };
}

async function handlePut(handlers: Handlers, call: PutCall): Promise<Reply> {
  const { network, key } = call.attributes;
  const caller = await handlers.authenticator.authenticate(call.authorization);
  const about = { user: caller.id, network, key };
  const receipt = await attended(call, about, store(handlers, call, caller));
  const subject = `${network}/${key}`;
  return {
    status: 201,
    headers: { ETag: versionTag(receipt) },
    event: resultEvent('dev.selvedge.data.stored.v1', source, subject, receipt),
  };
}

/** The right to put is one for all of a batch, for it is one of the network. */
async function handleBatch(handlers: Handlers, call: BatchCall): Promise<Reply> {
  const { attributes, event, body, signal, log } = call;
  const { network, idempotencykey } = attributes;
  const caller = await handlers.authenticator.authenticate(call.authorization);
  const about = { user: caller.id, network };
  const request = {
    network: await audited(log, about, writable(handlers, network, caller)),
    id: idempotencyId(caller, event, idempotencykey, 'batch'),
    ...{ caller, body, signal },
  };
  const items = await putBatch(handlers.deps, request, (key, put) => {
    const attending = attended(call, { ...about, key }, put);
    attending.catch((error: unknown) => noteRefusal(log, error));
    return attending;
  });
  const headers = {
    'Content-Type': 'application/json',
    ...(items.some(isOpen) && { [fateHeader]: 'open' }),
  };
  return { status: 200, headers, body: JSON.stringify({ items }) };
}

/** Of a request of its own, the server would say so. */
function noteRefusal(log: Logger, error: unknown): void {
  const { status } = toProblem(error);
  log[status >= 500 ? 'error' : 'info']({ error, status }, 'refused');
}

const isOpen = (item: Item): boolean =>
  'problem' in item && item.problem.type.endsWith('fate-open');

/** Tells the audit what becomes of a put. */
async function attended(
  { log }: Pick<PutCall, 'log'>,
  about: { user: string; network: string; key: string },
  put: Promise<Receipt>,
): Promise<Receipt> {
  const receipt = await audited(log, about, put);
  const { version, digest, transactionId } = receipt;
  log.info({ audit: 'put', ...about, version, digest, transactionId }, 'stored');
  return receipt;
}

async function handleErase(handlers: Handlers, call: EraseCall): Promise<Reply> {
  const { network, key } = call.attributes;
  const caller = await handlers.authenticator.authenticate(call.authorization);
  const about = { user: caller.id, network, key };
  const transactionId = await audited(call.log, about, erase(handlers, call, caller));
  call.log.info({ audit: 'erase', ...about, transactionId }, 'erased');
  return { status: 204, headers: { 'Selvedge-Transaction': transactionId } };
}

async function erase(handlers: Handlers, call: EraseCall, caller: Caller): Promise<string> {
  const { network, key } = call.attributes;
  const found = await writable(handlers, network, caller);
  return eraseDatum(handlers.deps, { ref: { ...found, key }, caller });
}

async function handlePolicy(handlers: Handlers, call: PolicyCall): Promise<Reply> {
  const { network, key } = call.attributes;
  const caller = await handlers.authenticator.authenticate(call.authorization);
  const about = { user: caller.id, network, key };
  const changed = await audited(call.log, about, change(handlers, call, caller));
  const { transactionId, ...receipt } = changed;
  const { edition, policy } = receipt;
  call.log.info({ audit: 'policy', ...about, edition, policy, transactionId }, 'in force');
  const headers = {
    'Content-Type': 'application/json',
    ...policyHeaders(receipt),
    ...(transactionId !== undefined && { 'Selvedge-Transaction': transactionId }),
  };
  return { status: 200, headers, body: JSON.stringify(receipt) };
}

async function change(handlers: Handlers, call: PolicyCall, caller: Caller): Promise<PolicyChange> {
  const { network, key, ifmatch: ifMatch } = call.attributes;
  const found = await writable(handlers, network, caller);
  const text = await readText(call.body, policyLimit);
  return putPolicy(handlers.deps, { ref: { ...found, key }, caller, text, ifMatch });
}

/** The network, where the caller may put something on its chain. */
async function writable(
  { deps, authorizer, namespace }: Handlers,
  network: string,
  caller: Caller,
): Promise<Incarnation> {
  const access = { verb: 'create', resource: 'fabricnetworks', subresource: 'data' } as const;
  await authorizer.require(caller, { ...access, namespace, name: network });
  return deps.networks.find({ namespace, network });
}

async function store(handlers: Handlers, call: PutCall, caller: Caller): Promise<Receipt> {
  const { attributes, event, body, signal } = call;
  const { network, key, tier, ifmatch: ifMatch, ifnonematch: ifNoneMatch } = attributes;
  return put(handlers.deps, {
    ref: { ...(await writable(handlers, network, caller)), key },
    caller,
    id: idempotencyId(caller, event, attributes.idempotencykey),
    tier,
    conditions: { ifMatch, ifNoneMatch },
    contentType: contentTypeOf(event),
    body,
    signal,
  });
}

/** The media type that readers will get back, as it came. */
function contentTypeOf({ datacontenttype = 'application/octet-stream' }: Envelope): string {
  if (/^[\x20-\x7e]{1,256}$/.test(datacontenttype)) return datacontenttype;
  throw new BadRequest('the content type must be 1-256 printable ASCII characters');
}

/**
 * What names a put for good: the caller's own idempotency key or else the event's `source` and
 * `id`, which CloudEvents makes unique; for each caller apart, and for batches.
 */
export function idempotencyId(
  caller: Pick<Caller, 'id'>,
  { source: from, id }: Pick<Envelope, 'source' | 'id'>,
  key: string | undefined,
  what?: 'batch',
): string {
  const named = key === undefined ? ['event', from, id] : ['key', key];
  const identity = what === undefined ? named : [what, ...named];
  return createHash('sha256')
    .update(JSON.stringify([caller.id, ...identity]))
    .digest('hex');
}
