/**
 * The metadata of data in etcd (layout: metadata-model.ts). Each method is one step of the data
 * path's story and one transaction at most; losing a race is told by `undefined` or `false`,
 * never by a half-done change.
 */
import { IntegrityError } from '../errors.ts';
import type { Change, Entry, Etcd } from './etcd.ts';
import {
  keys,
  type Datum,
  type DatumRef,
  type Intent,
  type NetworkRef,
  type OutboxEntry,
  type Revised,
  type VersionRecord,
} from './model.ts';

export type * from './model.ts';

/** What a claim needs: the intent that allots `intent.version` of the datum. */
export interface Claim {
  intent: Intent;
  /** The datum as it was read; undefined when it is new. */
  datum: Revised<Datum> | undefined;
  /** The policy of a new datum (Cedar text). */
  policy: string;
}

export interface Publication {
  intent: Revised<Intent>;
  datum: Revised<Datum>;
  record: VersionRecord;
  /** The intent as it is afterwards, with its receipt. */
  done: Intent;
  event: OutboxEntry;
}

export interface Metadata {
  datum(ref: DatumRef): Promise<Revised<Datum> | undefined>;
  version(ref: DatumRef, version: number): Promise<VersionRecord | undefined>;
  /** The Cedar text that decides about a datum. */
  policy(ref: DatumRef): Promise<string | undefined>;
  intent(ref: NetworkRef, id: string): Promise<Revised<Intent> | undefined>;
  /** Makes the intent and allots its version; undefined when another came first. */
  claim(claim: Claim): Promise<Revised<Intent> | undefined>;
  /** Writes an intent anew, with a record's ciphertext if given; undefined when it was changed. */
  advance(
    intent: Revised<Intent>,
    value: Intent,
    ciphertext?: Buffer,
  ): Promise<Revised<Intent> | undefined>;
  /** Makes a version current, unless a later one is; false when something was changed meanwhile. */
  publish(publication: Publication): Promise<boolean>;
  /** The ciphertext of a record of the network by its index (`etcd://…`). */
  readCiphertext(ref: NetworkRef, index: string): Promise<Buffer | undefined>;
  removeCiphertext(ref: NetworkRef, index: string): Promise<void>;
  /** Forgets an intent and, when it was all there was of it, its datum. */
  forget(intent: Revised<Intent>): Promise<void>;
  intents(): AsyncIterable<Revised<Intent>>;
  outbox(): AsyncIterable<OutboxEntry>;
  /** Strikes an event that the Broker has taken. */
  sent(id: string): Promise<void>;
}

/** The index of a record's ciphertext. */
export function recordIndex(ref: NetworkRef, name: string): string {
  return `etcd://${keys.record(ref, name)}`;
}

export function createMetadata(etcd: Etcd): Metadata {
  const read = async <T>(key: string): Promise<Revised<T> | undefined> => {
    const entry = await etcd.get(key);
    return entry && revised<T>(entry);
  };

  /** A commit that may find its own earlier, unanswered work: that counts as done. */
  const write = async (
    expected: Record<string, string>,
    changes: Change[],
    intent: Intent,
  ): Promise<Revised<Intent> | undefined> => {
    const revision = await etcd.commit(expected, changes);
    if (revision !== undefined) return { value: intent, revision };
    const now = await read<Intent>(keys.intent(intent, intent.id));
    return now && JSON.stringify(now.value) === JSON.stringify(intent) ? now : undefined;
  };

  return {
    datum: (ref) => read<Datum>(keys.datum(ref)),
    version: async (ref, version) => (await read<VersionRecord>(keys.version(ref, version)))?.value,
    policy: async (ref) => (await etcd.get(keys.policy(ref)))?.value.toString(),
    intent: (ref, id) => read<Intent>(keys.intent(ref, id)),

    claim: ({ intent, datum, policy }) => {
      const [intentKey, datumKey] = [keys.intent(intent, intent.id), keys.datum(intent)];
      const next: Datum = {
        ...(datum?.value ?? { owner: intent.owner }),
        next: intent.version + 1,
      };
      const changes = [json(intentKey, intent), json(datumKey, next)];
      if (!datum) changes.push({ key: keys.policy(intent), value: policy });
      return write({ [intentKey]: '0', [datumKey]: datum?.revision ?? '0' }, changes, intent);
    },

    advance: ({ revision }, value, ciphertext) => {
      const key = keys.intent(value, value.id);
      const changes: Change[] = [json(key, value)];
      if (ciphertext) changes.push({ key: recordKey(value, value.index), value: ciphertext });
      return write({ [key]: revision }, changes, value);
    },

    publish: async ({ intent, datum, record, done, event }) => {
      const [intentKey, datumKey] = [keys.intent(done, done.id), keys.datum(done)];
      const current = Math.max(datum.value.current ?? 0, record.version);
      const expected = { [intentKey]: intent.revision, [datumKey]: datum.revision };
      const revision = await etcd.commit(expected, [
        json(keys.version(done, record.version), record),
        json(datumKey, { ...datum.value, current }),
        json(intentKey, done),
        json(keys.outbox(event.id), event),
      ]);
      return revision !== undefined;
    },

    readCiphertext: async (ref, index) => (await etcd.get(recordKey(ref, index)))?.value,

    removeCiphertext: async (ref, index) => {
      const key = recordKey(ref, index);
      const entry = await etcd.get(key);
      if (entry) await etcd.commit({ [key]: entry.revision }, [{ key }]);
    },

    forget: async ({ value, revision }) => {
      const intentKey = keys.intent(value, value.id);
      const datum = await read<Datum>(keys.datum(value));
      const unused = datum && datum.value.current === undefined && datum.value.next === 2;
      const expected = { [intentKey]: revision };
      const changes: Change[] = [{ key: intentKey }];
      // What was once whole may have a record on the chain: its version must not be used again.
      if (unused && !value.stored) {
        expected[keys.datum(value)] = datum.revision;
        changes.push({ key: keys.datum(value) }, { key: keys.policy(value) });
      }
      await etcd.commit(expected, changes);
    },

    intents: () => pages<Intent>(etcd, keys.intents),
    async *outbox() {
      for await (const { value } of pages<OutboxEntry>(etcd, keys.outboxes)) yield value;
    },

    sent: async (id) => {
      const entry = await etcd.get(keys.outbox(id));
      if (entry) await etcd.commit({ [entry.key]: entry.revision }, [{ key: entry.key }]);
    },
  };
}

async function* pages<T>(etcd: Etcd, prefix: string): AsyncGenerator<Revised<T>> {
  const size = 200;
  let after: string | undefined;
  for (;;) {
    const page = await etcd.list(prefix, size, after);
    for (const entry of page) yield revised<T>(entry);
    if (page.length < size) return;
    after = page.at(-1)?.key;
  }
}

/** @throws IntegrityError for what we cannot have written */
function revised<T>({ value, revision }: Entry): Revised<T> {
  try {
    return { value: JSON.parse(value.toString()) as T, revision };
  } catch (cause) {
    throw new IntegrityError('the metadata cannot be read', { cause });
  }
}

function json(key: string, value: unknown): Change {
  return { key, value: JSON.stringify(value) };
}

/** The key in an index, if it is one of the network's own records. */
function recordKey(ref: NetworkRef, index: string): string {
  const prefix = recordIndex(ref, '');
  if (!index.startsWith(prefix)) {
    throw new IntegrityError('the index is of no record of this network');
  }
  return index.slice('etcd://'.length);
}
