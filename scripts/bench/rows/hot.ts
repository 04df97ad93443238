/** Reading the same record again and again, against asking a peer for its fact. */
import { concurrently } from '../../../functions/lib/concurrently.ts';
import { percentile } from '../../lib/statistics.ts';
import { createData, record, recordType } from '../data.ts';
import { load } from '../load.ts';
import type { Row } from '../row.ts';

const callers = 64;

export const hot: Row = {
  name: 'hot',
  says: 'verified gets of 1 KiB that were read before, against evaluateTransaction',
  comparisons: [
    { what: 'hot gets by 64 callers', unit: '/s', target: { at: 'least', times: 10 } },
    { what: 'p99 of a hot get of 64 callers', unit: 'ms' },
  ],
  async open({ world: connected, forMs, signal }) {
    const world = await connected();
    const raw = await world.raw();
    const data = createData(world);
    const everyone = Array.from({ length: callers }, (_, caller) => caller);
    // Only who put a datum may read it: each caller has its own.
    const keys = await concurrently(16, everyone, (caller) =>
      data.put(record(), recordType, caller),
    );
    const id = await raw.submit();
    const turn = (operation: (caller: number) => Promise<void>) => async () => {
      const { perSecond, latencies } = await load({ callers, forMs, signal }, operation);
      return [perSecond, percentile(latencies, 99)];
    };
    return {
      ours: turn(async (caller) => {
        await world.gateway(caller).get(keys[caller] ?? '');
      }),
      peer: turn(() => raw.evaluate(id)),
      close: () => data.erase(),
    };
  },
};
