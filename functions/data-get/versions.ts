/**
 * The versions of a datum, newest first: what the chain has of each, and what etcd has besides where the
 * chain supports it. No ciphertext is read: the receipt of a version does that.
 */
import { concurrently } from '../lib/concurrently.ts';
import { plaintextSize } from '../lib/data/cipher.ts';
import { parseIndex } from '../lib/data/datum.ts';
import type { Anchored } from '../lib/data/fact.ts';
import type { VersionRecord } from '../lib/data/model.ts';
import { IntegrityError } from '../lib/errors.ts';
import type { ListedVersion, VersionList } from '../lib/events.ts';
import type { Deps, GetRequest } from './deps.ts';
import { audited, noteMismatch, permitted, requireNotErased } from './readable.ts';
import { isAhead, mismatches } from './verify.ts';

/** Which versions are asked for. */
export interface Page {
  /** The most of them. */
  limit: number;
  /** Only those with a lower number. */
  before: number | undefined;
}

/** How many versions are looked at at the same time. */
const mostAtOnce = 8;

/**
 * A page of versions, for who may read the datum. One that does not match is told, not thrown.
 *
 * @throws NotFound, Gone, IntegrityError, Unavailable
 */
export async function versions(deps: Deps, request: GetRequest, page: Page): Promise<VersionList> {
  const { known, head } = await permitted(deps, request);
  await deps.keys.requireKept(head.owner);
  return audited(deps, request, head.version, async () => {
    if (isAhead(known.datum, head)) {
      await requireNotErased(deps, request);
      throw new IntegrityError('the metadata do not match the chain: current');
    }
    const { numbers, next } = numbersOf(head.version, page);
    const items = await concurrently(mostAtOnce, numbers, (number) =>
      lookAt(deps, request, number),
    );
    if (items.some(({ verified }) => !verified)) await requireNotErased(deps, request);
    for (const { verified, version } of items) {
      if (verified) continue;
      noteMismatch(deps, request, version, new IntegrityError('the version does not verify'));
    }
    return { items, ...(next !== undefined && { next }) };
  });
}

/**
 * The numbers on a page, and where the next one begins; undefined when this is the last.
 *
 * @param current the highest number there is
 */
export function numbersOf(
  current: number,
  { limit, before = Infinity }: Page,
): { numbers: number[]; next: string | undefined } {
  const first = Math.min(current, before - 1);
  const last = Math.max(1, first - limit + 1);
  const numbers = Array.from({ length: first - last + 1 }, (_, behind) => first - behind);
  return { numbers, next: last > 1 ? String(last) : undefined };
}

async function lookAt(
  { chain, metadata }: Deps,
  { ref }: GetRequest,
  number: number,
): Promise<ListedVersion> {
  const anchored = await chain.version(ref, number);
  if (!anchored) throw new IntegrityError('the version is missing');
  const [record, block] = await Promise.all([
    // What cannot be read supports nothing, as what is not there.
    metadata.version(ref, anchored.index).catch(ignoreMismatch),
    chain.blockOf(ref, anchored.transactionId),
  ]);
  return listed(anchored, record, block);
}

function ignoreMismatch(error: unknown): undefined {
  if (!(error instanceof IntegrityError)) throw error;
}

/**
 * What is told of a version: by the chain, and of its record what the chain supports.
 *
 * @param block that of its transaction, where it is known
 */
export function listed(
  anchored: Anchored,
  record: VersionRecord | undefined,
  block: number | undefined,
): ListedVersion {
  const { version, digest, transactionId, index } = anchored;
  const size = sizeOf(anchored);
  const supported = record && mismatches(record, anchored).length === 0 ? record : undefined;
  return {
    ...{ version, tier: parseIndex(index)?.tier, digest, size, transactionId, block },
    ...{ contentType: supported?.contentType, createdAt: supported?.createdAt },
    verified: size !== undefined && supported !== undefined && isWhereSaid(supported, block),
  };
}

/** Until it is published nothing but the chain says where a transaction is. */
function isWhereSaid({ published }: VersionRecord, block: number | undefined): boolean {
  return block !== undefined && block === (published?.block ?? block);
}

/** Undefined where no ciphertext has the size: then the fact comes from an intent that was made up. */
function sizeOf({ size }: Anchored): number | undefined {
  try {
    return plaintextSize(size);
  } catch {
    return undefined;
  }
}
