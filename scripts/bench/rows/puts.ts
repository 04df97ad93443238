/** Anchored puts under load, against a transaction per datum. */
import { percentile } from '../../lib/statistics.ts';
import { createData, record, recordType } from '../data.ts';
import { load } from '../load.ts';
import type { Row } from '../row.ts';

/** Milliseconds in which each of so many callers has an answer, who all wait for one another. */
const longest = 20_000;

export const puts: Row = {
  name: 'puts',
  says: 'anchored 1 KiB puts by many callers, against a submitTransaction per datum',
  comparisons: [
    { what: 'puts by 64 callers', unit: '/s', target: { at: 'least', times: 5 } },
    { what: 'puts by 256 callers', unit: '/s', target: { at: 'least', times: 8 } },
    { what: 'p99 of a put of 64 callers', unit: 'ms', target: { at: 'most', times: 0.5 } },
  ],
  async open({ world: connected, forMs, signal }) {
    const world = await connected();
    const raw = await world.raw();
    const data = createData(world);
    const turn = (operation: (caller: number) => Promise<unknown>) => async () => {
      const each = async (caller: number): Promise<void> => {
        await operation(caller);
      };
      const many = (callers: number) =>
        load({ callers, forMs: Math.max(forMs, longest), signal }, each);
      const [few, most] = [await many(64), await many(256)];
      return [few.perSecond, most.perSecond, percentile(few.latencies, 99)];
    };
    return {
      ours: turn((caller) => data.put(record(), recordType, caller)),
      peer: turn(() => raw.submit()),
      close: () => data.erase(),
    };
  },
};
