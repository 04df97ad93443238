import { type LeaseOptions, withLease } from '../lib/kubernetes/lease.ts';
import { until } from '../lib/until.ts';

/** Milliseconds for the pass of another to end, or for its Lease to: it waits a minute at most, and acts. */
const patienceMs = 120_000;

/**
 * Does `work` while holding the Lease, once its turn has come: whoever comes while another holds it saw something that
 * the other may not have looked at any more.
 *
 * @throws Unavailable when the other does not come to an end; and what `work` throws
 */
export async function inTurn(
  lease: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let begun = false;
  const turn = { what: 'another pass to end', timeoutMs: patienceMs, final: () => begun };
  await until(turn, () =>
    withLease(lease, async (signal) => {
      begun = true;
      await work(signal);
      return true;
    }),
  );
}
