import { blockNumber } from '../../lib/fabric/config-block.ts';
import type { Pass } from '../pass.ts';

/** A channel's configuration as it is kept: the newest block of it that was ever seen. */
export interface Configuration {
  number: number;
  block: Uint8Array;
}

const nameOf = (channel: string): string => `configuration/${channel}`;

export async function keptConfiguration(
  { kept }: Pick<Pass, 'kept'>,
  channel: string,
): Promise<Configuration | undefined> {
  const { number, block } = (await kept.read(nameOf(channel))) ?? {};
  if (typeof number !== 'number' || typeof block !== 'string') return undefined;
  return { number, block: Buffer.from(block, 'base64') };
}

/**
 * Keeps a configuration block of a channel: whoever joins later, or has to mend it, needs it when
 * no member can be asked any more. An older one never takes the place of a newer.
 *
 * @returns the newest that is known now
 */
export async function keepConfiguration(
  pass: Pass,
  channel: string,
  block: Uint8Array,
): Promise<Configuration> {
  const known = await keptConfiguration(pass, channel);
  const number = blockNumber(block);
  if (known && !isNewer(number, known)) return known;
  const text = Buffer.from(block).toString('base64');
  await pass.kept.write(nameOf(channel), { number, block: text });
  return { number, block };
}

export function isNewer(number: number, known: { number: number } | undefined): boolean {
  return known === undefined || number > known.number;
}
