/** The main job on real input: the sample network, and two data stored, read back and verified. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Receipt } from '../../functions/lib/events.ts';
import { connectKubernetes } from '../../functions/lib/kubernetes/client.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';
import { connectGateway, type DataClient } from './client.ts';
import { applyNetwork } from './network.ts';
import { issueToken } from './token.ts';

const root = new URL('../../', import.meta.url);

/** One datum of a kind each: JSON becomes a record in etcd, a document an object in MinIO. */
const inputs = [
  {
    key: 'deliveries/SH-2026-0417',
    file: 'knative/samples/delivery.json',
    contentType: 'application/json',
  },
  { key: 'documents/licence.txt', file: 'LICENSE', contentType: 'text/plain; charset=utf-8' },
];

export interface SampleOptions {
  kubeconfig: string;
  /** The context of the kubeconfig; its current one when left out. */
  context?: string;
  /** The address of the gateway. */
  gateway: string;
  onProgress?: (line: string) => void;
}

export interface SampleResult {
  /** Seconds from applying the resource until it was ready. */
  provisionedIn: number;
  receipts: Receipt[];
}

/**
 * Provisions `knative/samples/supply.yaml` and stores and verifies the two inputs as user `alice`.
 * Run again it changes nothing: the same inputs carry the same idempotency keys.
 *
 * @throws Error saying what did not hold
 */
export async function runSample(options: SampleOptions): Promise<SampleResult> {
  const { gateway, onProgress = () => undefined } = options;
  process.env['KUBECONFIG'] = options.kubeconfig;
  const network = parse(
    await readFile(new URL('knative/samples/supply.yaml', root), 'utf8'),
  ) as FabricNetwork;
  const provisionedIn = await applyNetwork(connectKubernetes(), network, { onProgress });

  const token = await issueToken(options, 'alice');
  const data = connectGateway(gateway, network.metadata.name, token);
  const receipts: Receipt[] = [];
  for (const input of inputs) {
    onProgress(`storing ${input.key}`);
    receipts.push(await storeAndVerify(data, input));
  }
  return { provisionedIn, receipts };
}

async function storeAndVerify(
  data: DataClient,
  { key, file, contentType }: (typeof inputs)[number],
): Promise<Receipt> {
  const bytes = await readFile(new URL(file, root));
  const idempotencyKey = `sample-${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`;
  const receipt = await data.put(key, bytes, { contentType, idempotencyKey });
  const stored = Buffer.from(await data.get(key, receipt.version));
  if (!stored.equals(bytes)) throw new Error(`${key} came back with other bytes than were stored`);
  const { verified } = await data.verify(key);
  if (!verified) throw new Error(`${key} does not match its record on the chain`);
  return receipt;
}
