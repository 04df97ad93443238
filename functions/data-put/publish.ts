/** Making an anchored version the one that readers see. */
import { plaintextSize } from '../lib/data/cipher.ts';
import type { PublishedRecord } from '../lib/data/metadata.ts';
import type { DoneIntent, OutboxEntry, Revised, StoredIntent } from '../lib/data/model.ts';
import { persist } from '../lib/backoff.ts';
import { FateOpen, NotFound } from '../lib/errors.ts';
import type { Receipt } from '../lib/events.ts';
import { allotmentOf, contention, underWay } from './claim.ts';
import type { Deps } from './deps.ts';
import type { Anchoring } from './group-commit.ts';
import { eventId } from './outbox.ts';
import { recordOf } from './store.ts';

export interface Published {
  receipt: Receipt;
  /** The event to send; left out when somebody else published it. */
  event?: OutboxEntry;
}

/** @throws NotFound, FateOpen, Unavailable */
export async function publish(
  { metadata }: Pick<Deps, 'metadata'>,
  intent: Revised<StoredIntent>,
  anchoring: Anchoring,
): Promise<Published> {
  const { value } = intent;
  const { record, receipt, event } = describe(value, anchoring);
  // The wrapped key has one place, so that erasing the version erases it.
  const { fingerprint } = value.stored;
  const done: DoneIntent = { ...allotmentOf(value), state: 'done', fingerprint, receipt };
  let { revision } = intent;
  const published = await persist(contention, async (): Promise<Published | undefined> => {
    const datum = await metadata.datum(value);
    if (!datum || datum.value.erasedAt !== undefined) {
      throw new NotFound('the datum was removed while it was put');
    }
    const now = { value, revision };
    if (await metadata.publish({ intent: now, datum, record, done, event })) {
      return { receipt, event };
    }
    const seen = await metadata.intent(value, value.id);
    if (seen?.value.state === 'done') return { receipt: seen.value.receipt };
    // Of one whose datum was erased nothing but the attempt can be told; the next look at the datum says so.
    if (seen?.value.attempt !== value.attempt) throw underWay();
    revision = seen.revision;
    return undefined;
  });
  if (!published)
    throw new FateOpen('others kept changing the datum; the version is published later');
  return published;
}

/** What is said of a version: to readers, to its owner, to other workloads. */
function describe(
  intent: StoredIntent,
  anchoring: Anchoring,
): { record: PublishedRecord; receipt: Receipt; event: OutboxEntry } {
  const { network, key, tier, index, owner, createdAt } = intent;
  const { version, transactionId, block } = anchoring;
  const { digest, size } = intent.stored;
  const receipt: Receipt = {
    ...{ network, key, version, tier, index, digest, size: plaintextSize(size), owner },
    ...{ transactionId, block, createdAt },
  };
  return {
    record: { ...recordOf(intent), published: { version, transactionId, block } },
    receipt,
    event: {
      id: eventId(intent, version),
      type: 'dev.selvedge.data.stored.v1',
      subject: `${network}/${key}`,
      createdAt,
      data: receipt,
    },
  };
}
