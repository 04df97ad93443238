import test from 'ava';
import type { ChannelStatus } from '../../../../functions/lib/fabric/participation.ts';
import { decideJoin, type Membership } from '../../../../functions/provisioning/steps/standing.ts';

const status = (more: Partial<ChannelStatus> = {}): ChannelStatus => ({
  name: 'goods',
  status: 'active',
  consensusRelation: 'consenter',
  height: 7,
  ...more,
});

const decisions: [string, ChannelStatus | undefined, boolean, Membership][] = [
  ['an orderer that was never in the channel', undefined, false, 'join'],
  ['an orderer that was, and knows nothing of it', undefined, true, 'lost'],
  ['an active consenter', status(), true, 'joined'],
  ['an active consenter that was not noted yet', status(), false, 'joined'],
  [
    'an orderer that catches up',
    status({ status: 'onboarding', consensusRelation: 'follower' }),
    true,
    'joining',
  ],
  ['an orderer that begins', status({ status: 'inactive' }), true, 'joining'],
  ['an orderer that failed', status({ status: 'failed' }), true, 'failed'],
  ['an orderer that only follows', status({ consensusRelation: 'follower' }), true, 'follower'],
  ['an orderer of another configuration', status({ consensusRelation: 'other' }), true, 'follower'],
];
for (const [sentence, seen, before, membership] of decisions) {
  test(`${sentence}: ${membership}`, (t) => t.is(decideJoin(seen, before), membership));
}
