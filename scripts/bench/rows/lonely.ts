/** What a put takes that shares its transaction with no other, against a transaction. */
import { percentile } from '../../lib/statistics.ts';
import { createData, record, recordType } from '../data.ts';
import { load } from '../load.ts';
import type { Row } from '../row.ts';

export const lonely: Row = {
  name: 'lonely',
  says: 'one 1 KiB put at a time, against one submitTransaction at a time',
  comparisons: [
    { what: 'p50 of a lonely put', unit: 'ms', target: { at: 'most', times: 1.15 } },
    { what: 'p99 of a lonely put', unit: 'ms' },
  ],
  async open({ world: connected, forMs, signal }) {
    const world = await connected();
    const raw = await world.raw();
    const data = createData(world);
    const turn = (operation: () => Promise<unknown>) => async () => {
      const each = async (): Promise<void> => {
        await operation();
      };
      const { latencies } = await load({ callers: 1, forMs, signal }, each);
      return [percentile(latencies, 50), percentile(latencies, 99)];
    };
    return {
      ours: turn(() => data.put(record(), recordType)),
      peer: turn(() => raw.submit()),
      close: () => data.erase(),
    };
  },
};
