/** One fault of `npm run chaos` against the cluster that is tested, with what it must leave. */
import type { ExecutionContext } from 'ava';
import { connectClients, connectWorld } from '../../scripts/chaos/connect.ts';
import { faultNamed } from '../../scripts/chaos/faults/index.ts';
import type { Round } from '../../scripts/chaos/round.ts';
import { runFaults } from '../../scripts/chaos/run.ts';
import { told } from '../../scripts/chaos/told.ts';
import { gateway, kubeconfig, namespace, network } from './cluster.ts';

export async function struck(t: ExecutionContext, name: string): Promise<Round> {
  const target = { kubeconfig, network, namespace };
  const world = await connectWorld({ ...target, seed: 1, say: (line) => t.log(line) });
  const [round] = await runFaults(world, {
    ...{ faults: [faultNamed(name)], rounds: 1, failover: 'on' },
    client: () => connectClients({ ...target, gateway }),
    // How fast it is, the report says; here it must come, on a machine that may be busy.
    patienceMs: 300_000,
    signal: AbortSignal.timeout(840_000),
    onRound: (one) => t.log(told(one)),
  });
  return round!;
}

/** All that was acknowledged is there, once and in order, and nothing is missing in the end. */
export function holds(t: ExecutionContext, { verdict, strong, lacked }: Round): void {
  const { acknowledged, lost, duplicated, reordered } = verdict;
  t.deepEqual({ lost, duplicated, reordered }, { lost: [], duplicated: [], reordered: [] });
  t.true(acknowledged > 0);
  t.true(strong !== undefined, `full strength: ${lacked.join(', ')}`);
}
