import { blockNumber } from '../../lib/fabric/config-block.ts';
import type { PeerClient } from '../../lib/fabric/peer.ts';
import type { Pass } from '../pass.ts';

/**
 * Keeps the latest configuration block of a channel: whoever joins later, or has to mend it, needs
 * it when no member can be asked any more. An older one never takes the place of a newer.
 */
export async function keepConfiguration(
  pass: Pass,
  channel: string,
  peer: PeerClient,
): Promise<void> {
  const name = `configuration/${channel}`;
  const kept = await pass.kept.read(name);
  const block = await peer.configBlock(channel);
  const number = blockNumber(block);
  if (isNewer(number, kept)) {
    await pass.kept.write(name, { number, block: Buffer.from(block).toString('base64') });
  }
}

export function isNewer(number: number, kept: Record<string, unknown> | undefined): boolean {
  const known = kept?.['number'];
  return typeof known !== 'number' || number > known;
}
