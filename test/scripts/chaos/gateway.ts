/** A gateway that keeps its promises, or does not, in memory. */
import { createHash } from 'node:crypto';
import type { Receipt } from '../../../functions/lib/events.ts';
import { GatewayError, type DataClient } from '../../../scripts/cli/client.ts';

interface Kept {
  receipt: Receipt;
  body: Uint8Array;
}

export interface FakeGateway extends DataClient {
  /** All that was asked for, in order. */
  puts: { key: string; id: string }[];
  gets: string[];
  data: Map<string, Kept[]>;
}

/** @param before is waited for before each answer; what it throws is the answer */
export function fakeGateway(before: (call: number) => Promise<void> | void = () => undefined) {
  const receipts = new Map<string, Receipt>();
  let calls = 0;
  const versionOf = (key: string, version?: number): Kept => {
    const versions = gateway.data.get(key) ?? [];
    const found = version === undefined ? versions.at(-1) : versions[version - 1];
    if (!found) throw new GatewayError(404, { detail: 'there is no such datum' });
    return found;
  };
  const gateway: FakeGateway = {
    puts: [],
    gets: [],
    data: new Map(),
    async put(key, body, { idempotencyKey: id = '' }) {
      gateway.puts.push({ key, id });
      await before(calls++);
      const versions = gateway.data.get(key) ?? [];
      const receipt = receipts.get(id) ?? receiptOf(key, versions.length + 1, body);
      if (!receipts.has(id)) gateway.data.set(key, [...versions, { receipt, body }]);
      receipts.set(id, receipt);
      return receipt;
    },
    async get(key, version) {
      gateway.gets.push(key);
      await before(calls++);
      return versionOf(key, version).body;
    },
    erase: () => Promise.reject(new GatewayError(405, { detail: 'nothing is erased here' })),
    verify: (key, version) =>
      Promise.resolve().then(() => ({ ...versionOf(key, version), verified: true })),
  };
  return gateway;
}

function receiptOf(key: string, version: number, body: Uint8Array): Receipt {
  const digest = createHash('sha256').update(body).digest('hex');
  return {
    ...{ network: 'supply', key, version, tier: 'record', index: `etcd://${key}/${version}` },
    ...{ digest, size: body.length, owner: 'o', transactionId: digest, block: 1 },
    createdAt: new Date().toISOString(),
  };
}
