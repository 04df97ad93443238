/** Erasing data in etcd (data-put/erasure.ts tells the story). */
import { NoSpace } from '../errors.ts';
import { datumPrefixes, keys, prefixes, type DatumRef } from './datum.ts';
import { json, pages } from './entries.ts';
import type { Change, Etcd } from './etcd.ts';
import type { Datum, Erasure, OutboxEntry, Revised } from './model.ts';

export interface Closing {
  ref: DatumRef;
  /** The datum as it was read; undefined when there is none. */
  datum: Revised<Datum> | undefined;
  event: Extract<OutboxEntry, { type: 'dev.selvedge.data.erased.v1' }>;
}

export interface Erasures {
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
}

/** How many keys are erased at once. */
const mostErased = 500;

export function createErasures(etcd: Etcd): Erasures {
  return {
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

    eraseVersions: (ref) => eraseAll(etcd, datumPrefixes(ref)),
  };
}

/** A batch of each; true when nothing was left. */
export async function eraseAll(etcd: Etcd, prefixesOfAll: readonly string[]): Promise<boolean> {
  const counts = await Promise.all(prefixesOfAll.map((one) => etcd.erase(one, mostErased)));
  return counts.every((count) => count === 0);
}
