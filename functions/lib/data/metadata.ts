/**
 * The metadata of data in etcd (keys: datum.ts, values: model.ts). Each method is one step of the data
 * path's story and one transaction at most; losing a race is told by `undefined` or `false`,
 * never by a half-done change.
 */
import { IntegrityError, NoSpace } from '../errors.ts';
import { policyDigest } from './digests.ts';
import type { Change, Entry, Etcd } from './etcd.ts';
import type { Head } from './fact.ts';
import { fromKept, toKept, type KeptIntent } from './kept-intent.ts';
import {
  datumPrefixes,
  keys,
  networkPrefixes,
  prefixes,
  type DatumRef,
  type Incarnation,
} from './datum.ts';
import type {
  Datum,
  DoneIntent,
  Erasure,
  Intent,
  OpenIntent,
  OutboxEntry,
  Proposal,
  Revised,
  VersionRecord,
} from './model.ts';

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

export interface Closing {
  ref: DatumRef;
  /** The datum as it was read; undefined when there is none. */
  datum: Revised<Datum> | undefined;
  event: Extract<OutboxEntry, { type: 'dev.selvedge.data.erased.v1' }>;
}

/** The record of a version whose number is known. */
export type PublishedRecord = VersionRecord & Required<Pick<VersionRecord, 'published'>>;

export interface Metadata {
  datum(ref: DatumRef): Promise<Revised<Datum> | undefined>;
  /** At most so many data whose keys begin with `prefix` and sort, percent-encoded, after `after`. */
  data(
    network: Incarnation,
    page: { prefix: string; after: string | undefined; most: number },
  ): Promise<(Datum & { key: string })[]>;
  /** The version whose ciphertext is at `index`. */
  version(ref: DatumRef, index: string): Promise<VersionRecord | undefined>;
  /** The Cedar text that decides about a datum. */
  policy(ref: DatumRef): Promise<string | undefined>;
  /** The policy that was proposed as the one that a head names. */
  proposal(
    ref: DatumRef,
    named: Pick<Head, 'edition' | 'policy'>,
  ): Promise<Revised<Proposal> | undefined>;
  /** Writes a proposal, or writes it anew; false when it was changed meanwhile. */
  propose(proposal: Proposal): Promise<boolean>;
  /** Makes a proposal the published policy, unless a later one is; false when the datum was changed meanwhile. */
  enact(proposal: Proposal, datum: Revised<Datum>): Promise<boolean>;
  /** Strikes a proposal, unless it was proposed anew. */
  withdraw(proposal: Revised<Proposal>): Promise<void>;
  proposals(): AsyncIterable<Revised<Proposal>>;
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
  /** Says, or says anew, that an erasure was begun; false when that was changed meanwhile. */
  begin(erasure: Erasure): Promise<boolean>;
  erasures(): AsyncIterable<Revised<Erasure>>;
  /** Strikes an erasure of which nothing came, unless it was begun anew. */
  callOff(erasure: Revised<Erasure>): Promise<void>;
  /**
   * Says that a datum was erased: from here on nothing of it is published. Its policy stays, for it says who
   * may know that. Out of space, etcd takes only deletions: then it forgets the datum, and the chain alone says so.
   *
   * @returns false when it was changed meanwhile
   */
  close(closing: Closing): Promise<boolean>;
  /** Erases versions and proposals of a datum; true when none was left. */
  eraseVersions(ref: DatumRef): Promise<boolean>;
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

/** How many keys are erased at once. */
const mostErased = 500;

export function createMetadata(etcd: Etcd): Metadata {
  const read = async <T>(key: string): Promise<Revised<T> | undefined> => {
    const entry = await etcd.get(key);
    return entry && revised<T>(entry);
  };

  /** A commit that may find its own earlier, unanswered work: that counts as done. */
  const write = async <T extends Intent>(
    expected: Record<string, string>,
    changes: Change[],
    value: T,
  ): Promise<Revised<T> | undefined> => {
    const revision = await etcd.commit(expected, changes);
    if (revision !== undefined) return { value, revision };
    const now = await read<KeptIntent>(keys.intent(value, value.id));
    return now && JSON.stringify(now.value) === JSON.stringify(toKept(value))
      ? { value, revision: now.revision }
      : undefined;
  };

  const whole = async ({ value, revision }: Revised<KeptIntent>): Promise<Revised<Intent>> => {
    const isStored = value.state === 'stored';
    const record = isStored
      ? await read<VersionRecord>(keys.version(value, value.index))
      : undefined;
    return { value: fromKept(value, record?.value), revision };
  };

  /** A batch of each; true when nothing was left. */
  const eraseAll = async (prefixesOfAll: string[]): Promise<boolean> => {
    const counts = await Promise.all(prefixesOfAll.map((one) => etcd.erase(one, mostErased)));
    return counts.every((count) => count === 0);
  };

  return {
    datum: (ref) => read<Datum>(keys.datum(ref)),
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
    version: async (ref, index) => (await read<VersionRecord>(keys.version(ref, index)))?.value,
    policy: async (ref) => (await etcd.get(keys.policy(ref)))?.value.toString(),
    proposal: (ref, named) => read<Proposal>(keys.proposal(ref, named)),
    proposals: () => pages<Proposal>(etcd, prefixes.proposals),
    intent: async (network, id) => {
      const kept = await read<KeptIntent>(keys.intent(network, id));
      return kept && whole(kept);
    },

    propose: async (proposal) => {
      const key = proposalKey(proposal);
      const before = await etcd.get(key);
      const expected = { [key]: before?.revision ?? '0' };
      return (await etcd.commit(expected, [json(key, proposal)])) !== undefined;
    },

    enact: async (proposal, { value, revision }) => {
      const { edition, policy } = proposal;
      const datumKey = keys.datum(proposal);
      const changes: Change[] = [{ key: proposalKey(proposal) }];
      if (value.erasedAt === undefined && edition > (value.edition ?? 1)) {
        changes.push(json(datumKey, { ...value, edition }));
        changes.push({ key: keys.policy(proposal), value: policy });
      }
      return (await etcd.commit({ [datumKey]: revision }, changes)) !== undefined;
    },

    withdraw: async ({ value, revision }) => {
      const key = proposalKey(value);
      await etcd.commit({ [key]: revision }, [{ key }]);
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
      const datum = await read<Datum>(keys.datum(value));
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

    begin: async (erasure) => {
      const key = keys.erasure(erasure);
      const expected = { [key]: (await etcd.get(key))?.revision ?? '0' };
      return (await etcd.commit(expected, [json(key, erasure)])) !== undefined;
    },

    erasures: () => pages<Erasure>(etcd, prefixes.erasures),

    callOff: async ({ value, revision }) => {
      const key = keys.erasure(value);
      await etcd.commit({ [key]: revision }, [{ key }]);
    },

    close: async ({ ref, datum, event }) => {
      if (!datum || datum.value.erasedAt !== undefined) return true;
      const datumKey = keys.datum(ref);
      const commit = async (changes: Change[]): Promise<boolean> =>
        (await etcd.commit({ [datumKey]: datum.revision }, changes)) !== undefined;
      const { owner, claims } = datum.value;
      const closed: Datum = { owner, claims, erasedAt: event.data.erasedAt };
      try {
        return await commit([json(datumKey, closed), json(keys.outbox(event.id), event)]);
      } catch (error) {
        if (error instanceof NoSpace) return commit([{ key: datumKey }]);
        throw error;
      }
    },

    eraseVersions: (ref) => eraseAll(datumPrefixes(ref)),
    erase: (network) => eraseAll(networkPrefixes(network)),

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

function proposalKey(proposal: Proposal): string {
  const { edition, policy } = proposal;
  return keys.proposal(proposal, { edition, policy: policyDigest(policy) });
}

/** Whether the chain cannot know of it. */
function neverStored(intent: Intent): boolean {
  const isOpen = intent.state === 'open' || intent.state === 'abandoned';
  return isOpen && intent.onceStored !== true;
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
