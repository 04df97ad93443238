import { peerResources } from '../resources/peer.ts';
import { groups } from '../resources/plan.ts';
import { chaincodeAccount, launcherResources } from '../resources/rights.ts';
import { peerBudget } from '../resources/shared.ts';
import type { Step } from './step.ts';
import { keepVolumes, settle } from './workloads.ts';

/** The peers: a StatefulSet for each organization, and what their launcher may do. */
export const peers: Step = {
  name: 'peers',
  after: ['identities'],
  async run(pass) {
    const { plan } = pass;
    const mine = groups(plan).filter(({ tier }) => tier === 'peer');
    await pass.apply(
      [
        chaincodeAccount(plan),
        ...mine.flatMap((group) => [
          ...launcherResources(plan, group),
          ...peerResources(plan, group),
          peerBudget(plan, group),
        ]),
      ],
      keepVolumes,
    );
    return settle(pass, 'peer');
  },
};
