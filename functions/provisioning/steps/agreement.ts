import { until } from '../../lib/until.ts';
import { lacking } from '../agreement.ts';
import { allReady, listPods } from '../members.ts';
import { ordererQuorum } from '../resources/shared.ts';
import { type Step, unless } from './step.ts';

/** Milliseconds for an election after orderers have joined or were restarted. */
const electionMs = 15_000;

/** Every channel has a leader, and its members keep up: asked of the members themselves. */
export const agreement: Step = {
  name: 'agreement',
  after: ['channels', 'joins', 'rollout'],
  async run(pass) {
    const quorum = ordererQuorum(pass.plan);
    let missing = await lacking(pass, quorum);
    const look = async (): Promise<boolean> => {
      missing = await lacking(pass, quorum);
      return missing.length === 0;
    };
    if (missing.length > 0) {
      const options = { what: 'agreement', timeoutMs: electionMs, signal: pass.patience };
      // What is missing still says more than that the time is over.
      await until(options, look).catch(() => undefined);
    }
    const pods = await listPods(pass.clients.kubernetes, pass.plan);
    // A pod that becomes ready sends an event, which wakes the next pass; members that are
    // ready and do not agree yet send none, so this pass has to be repeated.
    return allReady(pass.plan, pods) ? unless([], missing) : unless(missing);
  },
};
