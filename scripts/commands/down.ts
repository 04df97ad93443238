import { withLock } from '../lib/lock.ts';
import { inTheWay, ownership } from '../cluster/machine/owner.ts';
import { Plan } from '../lib/progress.ts';
import { checkout, clusterLock } from '../cluster/settings.ts';
import { tearDown } from '../cluster/machine/teardown.ts';
import { NotPossible, say } from './up.ts';

/**
 * Stops the cluster of this checkout, or of one that is gone, and removes all it made; its caches stay.
 * @throws NotPossible when the cluster that runs is another checkout's
 */
export async function down(signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new NotPossible('The local cluster can only be stopped by root.');
  const other = inTheWay(await ownership());
  if (other !== undefined) throw new NotPossible(other);
  await withLock(clusterLock, { what: `a stop in ${checkout}`, signal, onWait: say }, async () => {
    const plan = new Plan(signal);
    plan.step('Stop the local cluster', [], (_, progress) => tearDown(progress));
    await plan.show();
  });
}
