/** Which version a caller may read, and what the audit is told. */
import { Gone, IntegrityError, NotFound } from '../lib/errors.ts';
import type { Datum, VersionRecord } from '../lib/data/model.ts';
import type { Deps, GetRequest } from './deps.ts';

/**
 * The version asked for, if the caller may read it. Who may not is told the same as of a datum that
 * never was (RFC 9110, section 15.5.4): nobody learns which keys there are. The audit has the reason.
 */
export async function readable(deps: Deps, request: GetRequest): Promise<VersionRecord> {
  const { ref } = request;
  const found = await audited(deps, request, request.version ?? 0, () => deps.metadata.datum(ref));
  const datum = found?.value;
  if (!datum || (datum.current === undefined && datum.erasedAt === undefined)) {
    throw noSuchDatum();
  }
  const version = request.version ?? datum.current ?? 0;
  await requireReadable(deps, request, datum, version);
  if (datum.erasedAt !== undefined) throw new Gone('the datum was erased');
  return audited(deps, request, version, async () => {
    const record = await deps.metadata.version(ref, version);
    if (!record && version !== datum.current) throw new NotFound('there is no such version');
    if (record?.owner === datum.owner) return record;
    throw new IntegrityError('the metadata of the version is missing or not its own');
  });
}

async function requireReadable(
  { metadata, decide, audit }: Deps,
  { ref, caller }: GetRequest,
  { owner }: Datum,
  version: number,
): Promise<void> {
  const { namespace, network, key } = ref;
  const policy = (await metadata.policy(ref)) ?? '';
  const resource = { network: `${namespace}/${network}`, key, owner };
  const { allowed, reason } = await decide({ caller, action: 'read', resource, policy });
  const kind = allowed ? 'read' : 'denied';
  audit({ audit: kind, user: caller.id, network, key, version, reason });
  if (!allowed) throw noSuchDatum();
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
