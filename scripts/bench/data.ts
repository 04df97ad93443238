/** Data that are put to be measured, and erased afterwards. */
import { randomBytes } from 'node:crypto';
import { concurrently } from '../../functions/lib/concurrently.ts';
import type { World } from './world.ts';

export interface Data {
  /**
   * Puts a datum that was not there.
   *
   * @returns its key
   */
  put: (body: Uint8Array, contentType: string, caller?: number) => Promise<string>;
  /** Puts so many records in one request, all of which must be stored. */
  putBatch: (count: number, caller: number) => Promise<void>;
  /** Erases all that was put. */
  erase: () => Promise<void>;
}

/** Erasures at once. */
const atOnce = 32;

export function createData({ gateway, prefix, say }: World): Data {
  const put: { key: string; caller: number }[] = [];
  const fresh = (caller: number): string => {
    const key = `${prefix}/${randomBytes(8).toString('hex')}`;
    put.push({ key, caller });
    return key;
  };
  return {
    async put(body, contentType, caller = 0) {
      const key = fresh(caller);
      await gateway(caller).put(key, body, { contentType });
      return key;
    },
    async putBatch(count, caller) {
      const records = Array.from({ length: count }, () => ({ key: fresh(caller), value: text() }));
      const items = await gateway(caller).putBatch(records);
      const refused = items.find(({ receipt }) => receipt === undefined);
      if (refused) throw new Error(`a record was refused: ${JSON.stringify(refused.problem)}`);
    },
    async erase() {
      let left = 0;
      await concurrently(atOnce, put.splice(0), ({ key, caller }) =>
        gateway(caller)
          .erase(key)
          .catch(() => left++),
      );
      if (left > 0) say(`${left} of the data under ${prefix} were not erased`);
    },
  };
}

/** A record of 1 KiB that nothing can make smaller. */
export function record(): Uint8Array {
  return Buffer.from(JSON.stringify(text()));
}
const text = (): string => randomBytes(511).toString('hex');

export const recordType = 'application/json';
