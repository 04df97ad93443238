/** An orderer that has nothing of a channel which exists, brought back into it. */
import { newestConfig } from '../../lib/fabric/channel-update/any-orderer.ts';
import type { Change } from '../../lib/fabric/channel-update/change.ts';
import {
  addConsenter,
  removeConsenter,
} from '../../lib/fabric/channel-update/changes/consenters.ts';
import { consentersOf } from '../../lib/fabric/config-block.ts';
import type { OrdererClient } from '../../lib/fabric/orderer.ts';
import { following } from '../agreement.ts';
import type { Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { decideRemedy, type Remedy } from '../remedy.ts';
import { ports } from '../resources/names.ts';
import { groups } from '../resources/plan.ts';
import type { Roll } from '../roll.ts';
import { tell } from '../tell.ts';
import { keepConfiguration } from './configuration.ts';
import { consenterOf } from './genesis.ts';

/** The orderer, the others that can be asked, and who has joined. */
export interface Applicant {
  channel: string;
  orderer: Reachable;
  others: readonly Reachable[];
  roll: Roll;
}

/**
 * Does what is missing, one thing after the other. Each look begins from what the channel and the
 * roll say by then: a pass that is killed anywhere is carried on by the next.
 *
 * @returns the block that it may join by, or undefined while it has to stay out
 * @throws as `changeChannel`, and Unavailable when nobody tells the channel's configuration
 */
export async function admission(pass: Pass, applicant: Applicant): Promise<Uint8Array | undefined> {
  for (;;) {
    pass.signal.throwIfAborted();
    const found = await look(pass, applicant);
    switch (found?.remedy) {
      case 'join':
        return found.block;
      case 'forget':
        await applicant.roll.strike(applicant.orderer.name);
        break;
      case 'remove':
        await remove(pass, applicant, found.orderers);
        break;
      case 'add':
        await add(pass, applicant, found.orderers);
        break;
      default:
        return undefined;
    }
  }
}

interface Found {
  remedy: Remedy;
  /** The newest with the channel's configuration. */
  block: Uint8Array;
  /** Those that follow a leader. */
  orderers: OrdererClient[];
}

async function look(pass: Pass, applicant: Applicant): Promise<Found | undefined> {
  const { channel, orderer, others, roll } = applicant;
  const orderers = await following(pass, others, channel);
  const noted = roll.has(orderer.name);
  if (noted && orderers.length === 0) return undefined;
  // Kept before anything is done by it: one that lags behind is not believed afterwards.
  const newest = await newestConfig(orderers, channel);
  const { block } = await keepConfiguration(pass, channel, newest);
  const consenters = consentersOf(block);
  const { host, port } = addressOf(orderer);
  const remedy = decideRemedy({
    consensus: pass.plan.spec.consensus.type,
    noted,
    listed: consenters.some((one) => one.host === host && one.port === port),
    consenters: consenters.length,
    following: orderers.length,
  });
  return { remedy, block, orderers };
}

async function remove(pass: Pass, { channel, orderer }: Applicant, orderers: OrdererClient[]) {
  await change(pass, channel, orderers, removeConsenter(addressOf(orderer)));
  await tell(pass, {
    reason: 'ConsenterRemoved',
    action: 'remove consenter',
    message: `${orderer.name} has lost its ledger of ${channel}: it is removed, to be added anew`,
  });
}

async function add(pass: Pass, { channel, orderer }: Applicant, orderers: OrdererClient[]) {
  await change(pass, channel, orderers, addConsenter(await consenterOf(pass, orderer)));
  await tell(pass, {
    reason: 'ConsenterAdded',
    action: 'add consenter',
    message: `${orderer.name} is a consenter of ${channel} anew, and fetches its ledger`,
  });
}

async function change(
  pass: Pass,
  channel: string,
  orderers: OrdererClient[],
  made: Change,
): Promise<void> {
  const ordering = groups(pass.plan).filter(({ tier }) => tier === 'orderer');
  const admins = await Promise.all(
    ordering.map(({ organization }) => pass.credentials.admin(organization)),
  );
  const { changeChannel } = pass.clients.fabric;
  const block = await changeChannel({ channel, orderers, admins, signal: pass.signal }, made);
  await keepConfiguration(pass, channel, block);
}

const addressOf = ({ host }: Reachable) => ({ host, port: ports.orderer });
