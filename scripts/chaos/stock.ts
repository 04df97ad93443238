/** What lies there in the end: every version of every key that a prober used. */
import { concurrently } from '../../functions/lib/concurrently.ts';
import { GatewayError, type DataClient } from '../cli/client.ts';
import type { Operation, Stock, Stored } from './history.ts';
import { putOf } from './probe-body.ts';

/** Keys that are read at once. */
const atOnce = 4;

/**
 * @param client tries again by itself: what it does not get is not there
 * @param say told why something is not there
 * @throws GatewayError when the gateway does not answer
 */
export async function takeStock(
  client: Pick<DataClient, 'get' | 'verify'>,
  history: readonly Operation[],
  say: (line: string) => void = () => undefined,
): Promise<Stock> {
  const keys = [...new Set(history.map(({ key }) => key))];
  const of = async (key: string) => [key, await versionsOf(client, key, say)] as const;
  return new Map(await concurrently(atOnce, keys, of));
}

async function versionsOf(
  client: Pick<DataClient, 'get' | 'verify'>,
  key: string,
  say: (line: string) => void,
): Promise<Stored[]> {
  const orAbsent = <T>(asked: Promise<T>): Promise<T | undefined> =>
    asked.catch((error: unknown) => {
      say(`${key}: ${absence(error).message}`);
      return undefined;
    });
  const current = await orAbsent(client.verify(key));
  const found: Stored[] = [];
  for (let version = 1; version <= (current?.receipt.version ?? 0); version++) {
    const proof = await orAbsent(client.verify(key, version));
    if (!proof) continue;
    const body = await orAbsent(client.get(key, version));
    found.push({
      version,
      body: body && putOf(body),
      receipt: proof.receipt,
      verified: proof.verified,
    });
  }
  return found;
}

/**
 * Why something is not there, or not as it was: 500 is what an integrity error is told as.
 *
 * @throws whatever else went wrong
 */
function absence(error: unknown): GatewayError {
  if (error instanceof GatewayError && [404, 410, 500].includes(error.status)) return error;
  throw error;
}
