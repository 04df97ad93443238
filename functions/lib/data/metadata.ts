/**
 * The metadata of data in etcd (keys: datum.ts, values: model.ts). Each method is one step of the data
 * path's story and one transaction at most; losing a race is told by `undefined` or `false`,
 * never by a half-done change.
 */
import { keys, networkPrefixes, prefixes, type DatumRef, type Incarnation } from './datum.ts';
import { json, pages, read, revised } from './entries.ts';
import { createErasures, eraseAll, type Erasures } from './erasures.ts';
import type { Change, Etcd } from './etcd.ts';
import { fromKept, toKept, type KeptIntent } from './kept-intent.ts';
import type {
  Datum,
  DoneIntent,
  Intent,
  OpenIntent,
  OutboxEntry,
  Revised,
  VersionRecord,
} from './model.ts';
import { createPolicies, type Policies } from './policies.ts';

/** What a claim needs: the intent to put a version of the datum. */
export interface Claim {
  intent: OpenIntent;
  /** The datum as it was read; undefined when it is new. */
  datum: Revised<Datum> | undefined;
  /** The policy of a new datum (Cedar text). */
  policy: string;
}

export interface Publication {
  intent: Revised<Intent>;
  datum: Revised<Datum>;
  /** As it is afterwards, with what the chain says of it. */
  record: PublishedRecord;
  /** The intent as it is afterwards, with its receipt. */
  done: DoneIntent;
  event: OutboxEntry;
}

/** The record of a version whose number is known. */
export type PublishedRecord = VersionRecord & Required<Pick<VersionRecord, 'published'>>;

/** The record of a version, and where it is. */
export type KeptVersion = Revised<VersionRecord> & { key: string };

export interface Metadata extends Policies, Erasures {
  datum(ref: DatumRef): Promise<Revised<Datum> | undefined>;
  /** At most so many data whose keys begin with `prefix` and sort, percent-encoded, after `after`. */
  data(
    network: Incarnation,
    page: { prefix: string; after: string | undefined; most: number },
  ): Promise<(Datum & { key: string })[]>;
  /** The version whose ciphertext is at `index`. */
  version(ref: DatumRef, index: string): Promise<VersionRecord | undefined>;
  /** Those of all networks. */
  versions(): AsyncIterable<KeptVersion>;
  /** Keeps the data key of a version as it was wrapped anew; false when its record was changed meanwhile. */
  rewrap(version: KeptVersion, rewrapped: string): Promise<boolean>;
  intent(network: Incarnation, id: string): Promise<Revised<Intent> | undefined>;
  /** Makes the intent, and the datum if it is new; undefined when another came first. */
  claim(claim: Claim): Promise<Revised<OpenIntent> | undefined>;
  /** Writes an intent anew, and what else is given; undefined when it was changed. */
  advance<T extends Intent>(
    intent: Revised<Intent>,
    value: T,
    also?: readonly Change[],
  ): Promise<Revised<T> | undefined>;
  /** Makes a version current, unless a later one is; false when something was changed meanwhile. */
  publish(publication: Publication): Promise<boolean>;
  /** The ciphertext of a record by its key. */
  readCiphertext(key: string): Promise<Buffer | undefined>;
  /** Deletes a key; what is absent is fine. */
  remove(key: string): Promise<void>;
  /**
   * Forgets an intent, with other keys if given, and, when it was all there was of it, its
   * datum: deletions only, which etcd takes when it is out of space, too. False when it was changed.
   */
  forget(intent: Revised<Intent>, also?: readonly string[]): Promise<boolean>;
  /** Erases what there is of a network; true when nothing was left. */
  erase(network: Incarnation): Promise<boolean>;
  intents(): AsyncIterable<Revised<Intent>>;
  outbox(): AsyncIterable<OutboxEntry>;
  /**
   * Keeps other sweepers away for so many seconds at most; undefined when one is at work.
   *
   * @returns what lets the next one in
   */
  holdSweep(seconds: number): Promise<(() => Promise<void>) | undefined>;
  /** Strikes an event that the Broker has taken. */
  sent(id: string): Promise<void>;
}

export function createMetadata(etcd: Etcd): Metadata {
  /** A commit that may find its own earlier, unanswered work: that counts as done. */
  const write = async <T extends Intent>(
    expected: Record<string, string>,
    changes: Change[],
    value: T,
  ): Promise<Revised<T> | undefined> => {
    const revision = await etcd.commit(expected, changes);
    if (revision !== undefined) return { value, revision };
    const now = await read<KeptIntent>(etcd, keys.intent(value, value.id));
    return now && JSON.stringify(now.value) === JSON.stringify(toKept(value))
      ? { value, revision: now.revision }
      : undefined;
  };

  const whole = async ({ value, revision }: Revised<KeptIntent>): Promise<Revised<Intent>> => {
    const isStored = value.state === 'stored';
    const record = isStored
      ? await read<VersionRecord>(etcd, keys.version(value, value.index))
      : undefined;
    return { value: fromKept(value, record?.value), revision };
  };

  return {
    ...createPolicies(etcd),
    ...createErasures(etcd),

    datum: (ref) => read<Datum>(etcd, keys.datum(ref)),
    data: async (network, { prefix, after, most }) => {
      const at = (key: string): string => keys.datum({ ...network, key });
      // A cursor of another list may lie before all that is asked for.
      const from = after !== undefined && at(after) > at(prefix) ? at(after) : undefined;
      const found = await etcd.list(at(prefix), most, from);
      return found.map((entry) => ({
        ...revised<Datum>(entry).value,
        key: decodeURIComponent(entry.key.slice(at('').length)),
      }));
    },
    version: async (ref, index) =>
      (await read<VersionRecord>(etcd, keys.version(ref, index)))?.value,
    versions: () => pages<VersionRecord>(etcd, prefixes.versions),
    rewrap: async ({ key, value, revision }, rewrapped) =>
      (await etcd.commit({ [key]: revision }, [json(key, { ...value, rewrapped })])) !== undefined,
    intent: async (network, id) => {
      const kept = await read<KeptIntent>(etcd, keys.intent(network, id));
      return kept && whole(kept);
    },

    claim: ({ intent, datum, policy }) => {
      const [intentKey, datumKey] = [keys.intent(intent, intent.id), keys.datum(intent)];
      const next: Datum = {
        ...(datum?.value ?? { owner: intent.owner }),
        claims: (datum?.value.claims ?? 0) + 1,
      };
      const changes = [json(intentKey, intent), json(datumKey, next)];
      if (!datum) changes.push({ key: keys.policy(intent), value: policy });
      return write({ [intentKey]: '0', [datumKey]: datum?.revision ?? '0' }, changes, intent);
    },

    advance: ({ revision }, value, also = []) => {
      const key = keys.intent(value, value.id);
      return write({ [key]: revision }, [json(key, toKept(value)), ...also], value);
    },

    publish: async ({ intent, datum, record, done, event }) => {
      const [intentKey, datumKey] = [keys.intent(done, done.id), keys.datum(done)];
      const { version, transactionId } = record.published;
      const isLast = version > (datum.value.current ?? 0);
      const next = isLast ? { ...datum.value, current: version, transactionId } : datum.value;
      const expected = { [intentKey]: intent.revision, [datumKey]: datum.revision };
      const revision = await etcd.commit(expected, [
        json(keys.version(done, record.index), record),
        json(datumKey, next),
        json(intentKey, done),
        json(keys.outbox(event.id), event),
      ]);
      return revision !== undefined;
    },

    readCiphertext: async (key) => (await etcd.get(key))?.value,

    remove: (key) => etcd.remove(key),

    forget: async ({ value, revision }, also = []) => {
      const intentKey = keys.intent(value, value.id);
      const datum = await read<Datum>(etcd, keys.datum(value));
      const unused = datum && datum.value.current === undefined && datum.value.claims === 1;
      const expected = { [intentKey]: revision };
      const changes: Change[] = [intentKey, ...also].map((key) => ({ key }));
      if (unused && neverStored(value)) {
        expected[keys.datum(value)] = datum.revision;
        changes.push({ key: keys.datum(value) }, { key: keys.policy(value) });
      }
      if ((await etcd.commit(expected, changes)) !== undefined) return true;
      return (await etcd.get(intentKey)) === undefined;
    },

    erase: (network) => eraseAll(etcd, networkPrefixes(network)),

    async *intents() {
      for await (const kept of pages<KeptIntent>(etcd, prefixes.intents)) yield await whole(kept);
    },
    async *outbox() {
      for await (const { value } of pages<OutboxEntry>(etcd, prefixes.outbox)) yield value;
    },

    holdSweep: (seconds) => etcd.hold(keys.sweeper, seconds),

    sent: (id) => etcd.remove(keys.outbox(id)),
  };
}

/** Whether the chain cannot know of it. */
function neverStored(intent: Intent): boolean {
  const isOpen = intent.state === 'open' || intent.state === 'abandoned';
  return isOpen && intent.onceStored !== true;
}
