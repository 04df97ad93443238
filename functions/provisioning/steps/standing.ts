import type { ChannelStatus } from '../../lib/fabric/participation.ts';
import type { Fault } from '../fault.ts';
import { type Outcome, unless } from './step.ts';

/**
 * What is to be done about an orderer and a channel: it takes part, it is to join, it is on its
 * way, it cannot, it only follows, or it has lost what it had.
 */
export type Membership = 'joined' | 'join' | 'joining' | 'failed' | 'follower' | 'lost';

/**
 * An orderer that took part and knows nothing of it has lost its disk, and with it whom it voted
 * for. To join by the first block would make a new Raft node of it: it panics as soon as the
 * leader tells it of blocks that it had.
 *
 * @param before whether it has joined the channel at any time
 */
export function decideJoin(status: ChannelStatus | undefined, before: boolean): Membership {
  if (!status) return before ? 'lost' : 'join';
  if (status.status === 'failed') return 'failed';
  if (status.status !== 'active') return 'joining';
  return status.consensusRelation === 'consenter' ? 'joined' : 'follower';
}

/** How an orderer stands to a channel at the end of the step. */
export interface Standing {
  orderer: string;
  channel: string;
  /** `silent`: it did not answer. */
  is: Membership | 'silent';
  /** Of one that is lost: why it was not replaced, and what would have it replaced. */
  why?: string;
  /** Whether it may be replaced when that is tried again. */
  retry?: boolean;
}

/** @param down orderers that could not be asked */
export function outcomeOf(down: readonly string[], standings: readonly Standing[]): Outcome {
  const open = standings.filter(
    ({ is, retry }) => ['silent', 'joining', 'join'].includes(is) || retry,
  );
  const outcome = unless(
    down,
    open.map(({ orderer }) => orderer),
  );
  const faults = standings.flatMap((standing) => faultOf(standing) ?? []);
  const [first] = faults;
  if (!first) return outcome;
  const message = faults.map((fault) => fault.message).join('; ');
  return { ...outcome, broken: { reason: first.reason, message } };
}

function faultOf({ orderer, channel, is, why = '' }: Standing): Fault | undefined {
  switch (is) {
    case 'lost':
      return {
        reason: 'ConsenterLostItsDisk',
        message:
          `${orderer} has lost its ledger of ${channel} and takes no part any more: it cannot ` +
          `know whom it voted for. ${why}. Or restore its volume data-${orderer} from a backup. ` +
          `The other orderers go on without it, and none of them may be lost that their ` +
          `majority needs`,
      };
    case 'failed':
      return { reason: 'ConsenterFailed', message: `${orderer} cannot take part in ${channel}` };
    case 'follower':
      return {
        reason: 'NotAConsenter',
        message: `${orderer} is no consenter of ${channel}: the channel's configuration lacks it`,
      };
    default:
      return undefined;
  }
}
