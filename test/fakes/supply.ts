import type { z } from 'zod';
import type { networkSpec } from '../../functions/lib/network.ts';

/** The network of most tests, anew each time: two organizations that share one channel with data. */
export const supplySpec = (): z.input<typeof networkSpec> => ({
  consensus: { type: 'raft', orderers: 3 },
  organizations: [
    { name: 'farm', mspId: 'FarmMSP', peers: 2 },
    { name: 'shop', mspId: 'ShopMSP', peers: 2 },
  ],
  channels: [
    {
      name: 'goods',
      organizations: ['farm', 'shop'],
      chaincodes: [{ name: 'anchor', builtin: 'anchor', version: '1' }],
    },
  ],
  data: { channel: 'goods' },
});
