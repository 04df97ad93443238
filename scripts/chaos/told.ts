import type { Round } from './round.ts';
import { seconds } from './timing.ts';
import { isClean } from './verdict.ts';

/** A round in a line. */
export function told({ fault, failover, calls, strong, remark, lacked, verdict }: Round): string {
  const { acknowledged, unresolved } = verdict;
  const tries = calls.put.tries + calls.get.tries;
  return [
    `${fault}${failover ? '' : ' without failover'}:`,
    `no write for ${seconds(calls.put.longest)}, no read for ${seconds(calls.get.longest)}`,
    `(before: ${seconds(calls.put.quiet)}, ${seconds(calls.get.quiet)});`,
    strong === undefined
      ? `full strength did not come (${lacked.join(', ')});`
      : `full strength after ${seconds(strong)};`,
    ...(remark === undefined ? [] : [`${remark};`]),
    `${calls.put.failed + calls.get.failed} of ${tries} requests failed;`,
    `${acknowledged} puts acknowledged, ${unresolved} unresolved:`,
    isClean(verdict) ? 'none lost, duplicated or reordered' : 'NOT ALL KEPT',
  ].join(' ');
}
