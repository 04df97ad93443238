/**
 * Which version a caller may read, and what the audit is told. Whose a datum is, which policy decides
 * and which version is the last the chain says: etcd only keeps what the chain supports.
 */
import { Gone, IntegrityError, NotFound } from '../lib/errors.ts';
import type { Decision, Question } from '../lib/data/access-policy.ts';
import type { Anchored, Head } from '../lib/data/fact.ts';
import type { VersionRecord } from '../lib/data/model.ts';
import type { Deps, GetRequest } from './deps.ts';
import { look } from './look.ts';
import { isAhead, isBehind, isInForce, mismatches, unsupported, type Known } from './verify.ts';

/** A version that the caller may read: its fact, and what etcd has of it. */
export interface Readable {
  head: Head;
  anchored: Anchored;
  record: VersionRecord;
  /** In what etcd and the chain differ: then nothing of it is to be believed. */
  wrong: string[];
}

/**
 * The version asked for, if the caller may read it. Who may not is told the same as of a datum that
 * never was (RFC 9110, section 15.5.4): nobody learns which keys there are. The audit has the reason.
 *
 * @throws NotFound, Gone, IntegrityError, Unavailable
 */
export async function readable(deps: Deps, request: GetRequest): Promise<Readable> {
  const { ref } = request;
  const { known, head } = await permitted(deps, request);
  const version = request.version ?? head.version;
  if (version > head.version) throw new NotFound('there is no such version');
  const reading = async (): Promise<Readable> => {
    const anchored = await deps.chain.version(ref, version);
    const record = anchored && (await deps.metadata.version(ref, anchored.index));
    if (!record) throw new IntegrityError('the version is missing');
    const wrong = mismatches(record, anchored);
    const isLast = version === head.version;
    if (
      isAhead(known.datum, head) ||
      (isLast && (await isRolledBack(deps, ref, known, head, record)))
    )
      wrong.push('current');
    return { head, anchored, record, wrong };
  };
  return audited(deps, request, version, () => present(deps, request, reading()));
}

/**
 * What there is of a datum, if the caller may read it.
 *
 * @throws NotFound, Gone, IntegrityError, Unavailable
 */
export async function permitted(
  deps: Deps,
  request: GetRequest,
): Promise<{ known: Known; head: Head }> {
  const { known, head } = await found(deps, request);
  await requireReadable(deps, request, { known, head, version: request.version ?? head.version });
  return { known, head };
}

/**
 * What there is of a datum that the chain knows.
 *
 * @throws NotFound, IntegrityError, Unavailable
 */
export async function found(
  deps: Deps,
  request: GetRequest,
): Promise<{ known: Known; head: Head }> {
  const { known, head } = await audited(deps, request, request.version ?? 0, () =>
    look(deps, request.ref),
  );
  if (!head) throw unknown(deps, request, known);
  return { known, head };
}

/**
 * Whether etcd has an old version as the current one. Between the anchor of a put and its publication the
 * chain is ahead as well, and its version counts: then nothing says that it was published.
 */
async function isRolledBack(
  { metadata }: Deps,
  ref: GetRequest['ref'],
  { datum }: Known,
  head: Head,
  { published }: VersionRecord,
): Promise<boolean> {
  if (!published || !isBehind(datum, head)) return false;
  // It may have been published since the datum was read.
  return isBehind((await metadata.datum(ref))?.value, head);
}

/** For a datum that the chain does not know. */
function unknown(deps: Deps, request: GetRequest, { datum }: Known): NotFound | IntegrityError {
  if (datum?.current === undefined) return noSuchDatum();
  const error = new IntegrityError('the chain does not know the datum');
  noteMismatch(deps, request, request.version ?? 0, error);
  return datum.owner === request.caller.id ? error : noSuchDatum();
}

/** What a caller asked for, and whether it may have it. */
interface Judged {
  known: Known;
  head: Head;
  version: number;
  allowed: boolean;
}

/** Where the policy cannot be told, the owner alone, whom the chain names, learns of it. */
async function requireReadable(
  deps: Deps,
  request: GetRequest,
  { known, head, version }: Omit<Judged, 'allowed'>,
): Promise<void> {
  const { network, key } = request.ref;
  const { caller } = request;
  const { allowed, reason } = await decision(deps, request, known, head);
  const kind = allowed ? 'read' : 'denied';
  deps.audit({ audit: kind, user: caller.id, network, key, version, reason });
  requireSupported(deps, request, { known, head, version, allowed });
}

/** Throws what is wrong, once the audit knows whether the caller may be told. */
export function requireSupported(
  deps: Deps,
  request: GetRequest,
  { known, head, version, allowed }: Judged,
): void {
  const fault = head.erased ? undefined : unsupported(known, head);
  const error = fault && new IntegrityError(`the metadata do not match the chain: ${fault}`);
  if (error) noteMismatch(deps, request, version, error);
  if (!allowed) throw noSuchDatum();
  if (head.erased) throw new Gone('the datum was erased');
  if (error) throw error;
}

function decision(
  { decide }: Deps,
  { ref, caller }: GetRequest,
  { policy }: Known,
  head: Head,
): Promise<Pick<Decision, 'allowed' | 'reason'>> {
  const { owner } = head;
  if (isInForce(policy, head)) {
    return decide({ caller, action: 'read', policy, resource: resourceOf(ref, head) });
  }
  const allowed = caller.id === owner;
  const reason = `its policy cannot be told, to ${allowed ? 'its' : 'no'} owner`;
  return Promise.resolve({ allowed, reason });
}

/** A datum as policies speak of it. */
export function resourceOf(
  { namespace, network, key }: GetRequest['ref'],
  { owner }: Pick<Head, 'owner'>,
): Question['resource'] {
  return { network: `${namespace}/${network}`, key, owner };
}

const noSuchDatum = (): NotFound => new NotFound('there is no such datum');

/** Does the work; when it ends in a mismatch, says so in the audit. */
export async function audited<T>(
  deps: Deps,
  request: GetRequest,
  version: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    noteMismatch(deps, request, version, error);
    throw error;
  }
}

/** What is gone, or does not match any more, because its datum was erased meanwhile is no mismatch. */
export async function present<T>(deps: Deps, request: GetRequest, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof IntegrityError) await requireNotErased(deps, request);
    throw error;
  }
}

/** @throws Gone when it was erased by now */
export async function requireNotErased({ chain }: Deps, { ref }: GetRequest): Promise<void> {
  if ((await chain.head(ref))?.erased) throw new Gone('the datum was erased');
}

export function noteMismatch(
  { audit }: Deps,
  { ref, caller }: GetRequest,
  version: number,
  error: unknown,
): void {
  if (!(error instanceof IntegrityError)) return;
  const { network, key } = ref;
  audit({ audit: 'integrity', user: caller.id, network, key, version, reason: error.message });
}
