import type { Decision, Finding, Member } from '../../../../functions/failover/checks/check.ts';
import { nameOf } from '../../../../functions/failover/targets.ts';

/** A Vault member that is well, but for what is said. */
export function member(pod: string, more: Partial<Member> = {}): Member {
  return {
    kind: 'member',
    namespace: 'selvedge-storage',
    pod,
    uid: `uid-${pod}`,
    tier: 'vault',
    running: true,
    ready: true,
    restarts: 0,
    seal: 'unsealed',
    ...more,
  };
}

/** A member that was not asked for its seal: of another tier, or not running. */
export function unasked(pod: string, more: Partial<Member> = {}): Member {
  const { seal: _, ...rest } = member(pod, more);
  return rest;
}

/** A finding as a sentence. */
export function sentence({ action, target, reason }: Finding | Decision): string {
  return `${action} ${nameOf(target)}: ${reason}`;
}
