/** What any orderer of a channel can be asked: those that cannot answer now are passed over. */
import { NotFound, Unavailable } from '../../errors.ts';
import { blockNumber } from '../config-block.ts';
import type { OrdererClient } from '../orderer.ts';

/**
 * The newest configuration block that any of them has.
 *
 * @throws Unavailable when none of them can tell
 */
export async function newestConfig(
  orderers: readonly OrdererClient[],
  channel: string,
): Promise<Uint8Array> {
  const answers = await Promise.all(
    orderers.map((orderer) => passingOver(() => orderer.configBlock(channel))),
  );
  const blocks = answers.filter((block) => block !== undefined);
  const [newest] = blocks.sort((a, b) => blockNumber(b) - blockNumber(a));
  if (!newest) throw new Unavailable(`no orderer tells the configuration of ${channel}`);
  return newest;
}

/**
 * Hands an update to the first that takes it.
 *
 * @returns the one that did
 * @throws Unavailable when none does, and as `submitUpdate`
 */
export async function submit(
  orderers: readonly OrdererClient[],
  channel: string,
  draft: Uint8Array,
): Promise<OrdererClient> {
  for (const orderer of orderers) {
    const taken = await passingOver(async () => {
      await orderer.submitUpdate(channel, draft);
      return orderer;
    });
    if (taken) return taken;
  }
  throw new Unavailable(`no orderer takes an update of ${channel}`);
}

async function passingOver<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Unavailable || error instanceof NotFound) return undefined;
    throw error;
  }
}
