/** Puts in batches, against a transaction per datum. */
import { createData } from '../data.ts';
import { load } from '../load.ts';
import type { Row } from '../row.ts';

/** Records in a batch. */
const size = 100;

/** Milliseconds in which every caller has several answers. */
const longest = 20_000;

export const bulk: Row = {
  name: 'bulk',
  says: `1 KiB puts in batches of ${size}, against a submitTransaction per datum`,
  comparisons: [
    { what: `puts in batches of ${size}`, unit: '/s', target: { at: 'least', times: 30 } },
  ],
  async open({ world: connected, forMs, signal }) {
    const world = await connected();
    const raw = await world.raw();
    const data = createData(world);
    const each = async (): Promise<void> => {
      await raw.submit();
    };
    return {
      ours: async () => {
        const batches = await load(
          { callers: 8, forMs: Math.max(forMs, longest), signal },
          (caller) => data.putBatch(size, caller),
        );
        return [batches.perSecond * size];
      },
      peer: async () => {
        const period = { forMs: Math.max(forMs, longest), signal };
        return [(await load({ callers: 64, ...period }, each)).perSecond];
      },
      close: () => data.erase(),
    };
  },
};
