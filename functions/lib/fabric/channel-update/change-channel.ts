/** A channel's configuration changed, from its newest block to the block that brings the change. */
import { Conflict, Unavailable } from '../../errors.ts';
import { until } from '../../until.ts';
import { blockNumber, configOf } from '../config-block.ts';
import type { Identity } from '../connection.ts';
import type { OrdererClient } from '../orderer.ts';
import { createSigner } from '../signer.ts';
import type { Change } from './change.ts';
import { newestConfig, submit } from './any-orderer.ts';
import { computeUpdate } from './compute.ts';
import { draftOf, sign } from './draft.ts';

/** Milliseconds for all of it: an election, and others' changes that come first. */
const timeoutMs = 45_000;

export interface ChannelAccess {
  channel: string;
  /** Any of the channel's; those that do not answer are passed over. */
  orderers: readonly OrdererClient[];
  /** Admins of as many organizations as must agree. */
  admins: readonly Identity[];
  signal?: AbortSignal;
}

/**
 * Makes a change, unless the channel has it already. It looks again before each attempt, so one
 * whose fate was not known, or that another came before, is not made twice.
 *
 * @returns the configuration block that has it
 * @throws Unavailable when the orderers do not come to it in time, Unprocessable when they refuse
 */
export function changeChannel(access: ChannelAccess, change: Change): Promise<Uint8Array> {
  const options = {
    what: `the orderers to change ${access.channel}`,
    timeoutMs,
    signal: access.signal,
    final: (error: unknown) => !(error instanceof Unavailable || error instanceof Conflict),
  };
  return until(options, () => attempt(access, change));
}

/** The block that has the change, or undefined once it is on its way. */
async function attempt(access: ChannelAccess, change: Change): Promise<Uint8Array | undefined> {
  const { channel, orderers, admins } = access;
  const block = await newestConfig(orderers, channel);
  const config = configOf(block);
  const update = computeUpdate(channel, config, change(config));
  if (!update) return block;
  let draft = draftOf(update);
  for (const admin of admins) draft = await sign(draft, createSigner(admin));
  const orderer = await submit(orderers, channel, draft);
  await orderer.nextConfigBlock(channel, blockNumber(block));
  return undefined;
}
