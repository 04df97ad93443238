import { ordererResources } from '../resources/orderer.ts';
import { groups } from '../resources/plan.ts';
import { ordererBudget } from '../resources/shared.ts';
import type { Step } from './step.ts';
import { keepVolumes, settle } from './workloads.ts';

/** The ordering service: a StatefulSet for each organization that runs orderers. */
export const orderers: Step = {
  name: 'orderers',
  after: ['identities'],
  async run(pass) {
    const { plan } = pass;
    const mine = groups(plan).filter(({ tier }) => tier === 'orderer');
    await pass.apply(
      [ordererBudget(plan), ...mine.flatMap((group) => ordererResources(plan, group))],
      keepVolumes,
    );
    return settle(pass, 'orderer');
  },
};
