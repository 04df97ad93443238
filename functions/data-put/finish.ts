/** From a whole ciphertext to a version that readers see. Needs no body, so anyone can do it. */
import { createHash } from 'node:crypto';
import { format, plaintextSize } from '../lib/data/cipher.ts';
import {
  CommitUnknown,
  Conflict,
  IntegrityError,
  NotFound,
  Unavailable,
  Unprocessable,
} from '../lib/errors.ts';
import type { AnchorRecord, Receipt } from '../lib/events.ts';
import type { Intent, OutboxEntry, Revised, StoredCiphertext } from '../lib/data/metadata.ts';
import type { Anchoring } from './anchors.ts';
import type { Parts } from './deps.ts';

export interface Finished {
  receipt: Receipt;
  /** The event to send; left out when somebody else finished it. */
  event?: OutboxEntry;
}

/** Others may publish versions of the same datum at the same moment; each try lets one in. */
const mostTries = 50;

/**
 * @param fresh nobody tried to anchor it before; else the chain is asked first
 * @throws CommitUnknown, Unprocessable, Unavailable
 */
export async function finish(
  parts: Parts,
  intent: Revised<Intent>,
  fresh: boolean,
): Promise<Finished> {
  const { value } = intent;
  const { stored } = value;
  if (!stored) throw new Error('only an intent whose ciphertext is whole can be finished');
  const anchoring = await anchor(parts, intent, anchorOf(value, stored), fresh);
  return publish(parts, intent, stored, anchoring);
}

/** What the chain is to keep of an intent's version. */
function anchorOf(intent: Intent, { digest, size }: StoredCiphertext): AnchorRecord {
  const { key, version, index, owner } = intent;
  return { key, version, index, digest, size, owner, format };
}

async function anchor(
  { anchors, metadata }: Parts,
  intent: Revised<Intent>,
  record: AnchorRecord,
  fresh: boolean,
): Promise<Anchoring> {
  const { value } = intent;
  if (!fresh) {
    const found = await asked(anchors.find(value, record.key, record.version));
    if (found) return requireSame(record, found);
    const { pending } = value;
    const known = pending === undefined ? undefined : await asked(anchors.lookUp(value, pending));
    if (known !== undefined && known !== 'failed') return known;
    // Still unknown after the look-up: sending it again is harmless, as the chaincode takes
    // the same record twice and keeps the first.
  }
  try {
    return await anchors.add(value, record);
  } catch (error) {
    if (error instanceof CommitUnknown) {
      await metadata.advance(intent, { ...value, pending: error.transactionId });
    }
    throw error;
  }
}

/** A peer that refuses to answer a question has not refused the record: it may be on the chain. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof Unprocessable)) throw cause;
    throw new Unavailable('the chain cannot be asked now', { cause });
  }
}

function requireSame(record: AnchorRecord, found: AnchorRecord & Anchoring): Anchoring {
  const names = Object.keys(record) as (keyof AnchorRecord)[];
  if (names.every((name) => record[name] === found[name])) {
    return { transactionId: found.transactionId, block: found.block };
  }
  throw new IntegrityError('the chain holds another record for this version');
}

async function publish(
  { metadata }: Parts,
  intent: Revised<Intent>,
  stored: StoredCiphertext,
  { transactionId, block }: Anchoring,
): Promise<Finished> {
  const { value } = intent;
  const { network, key, version, tier, index, owner, contentType, createdAt } = value;
  const { digest, size, wrapped } = stored;
  const receipt: Receipt = {
    ...{ network, key, version, tier, index, digest, size: plaintextSize(size), owner },
    ...{ transactionId, block, createdAt },
  };
  const record = {
    ...{ version, tier, index, digest, size, wrapped, owner, format, contentType },
    ...{ createdAt, transactionId, block },
  };
  const event: OutboxEntry = {
    id: eventId(value),
    type: 'dev.selvedge.data.stored.v1',
    subject: `${network}/${key}`,
    createdAt,
    data: receipt,
  };
  // The wrapped key has one place, so that erasing the version erases it.
  const done: Intent = { ...value, stored: { ...stored, wrapped: '' }, state: 'done', receipt };
  for (let tries = 0, now = intent; tries < mostTries; tries++) {
    const datum = await metadata.datum(value);
    if (!datum) throw new NotFound('the datum was removed while it was put');
    if (await metadata.publish({ intent: now, datum, record, done, event })) {
      return { receipt, event };
    }
    const seen = await metadata.intent(value, value.id);
    if (seen?.value.receipt) return { receipt: seen.value.receipt };
    if (seen?.value.state !== 'stored') break;
    now = seen;
  }
  throw new Conflict('others kept changing the datum; try again');
}

/** The same for the same version, so that receivers can drop a second telling. */
function eventId({ namespace, network, key, version }: Intent): string {
  const identity = JSON.stringify([namespace, network, key, version]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}
