import { identityOf } from '../targets.ts';
import type { Check, Decision, State } from './check.ts';
import { nodeBack } from './node-back.ts';
import { nodeLost } from './node-lost.ts';
import { vaultJoining } from './vault-joining.ts';
import { vaultLost } from './vault-lost.ts';
import { vaultSealed } from './vault-sealed.ts';
import { vaultSilent } from './vault-silent.ts';
import { vaultUsurper } from './vault-usurper.ts';

/** In their order: the first that finds something about a target speaks for it. */
export const checks: readonly Check[] = [
  nodeLost,
  nodeBack,
  vaultLost,
  vaultSealed,
  vaultSilent,
  vaultJoining,
  vaultUsurper,
];

/** At most one decision for each target, in the order of the checks. */
export function decide(state: State, chain: readonly Check[] = checks): Decision[] {
  const decisions = new Map<string, Decision>();
  for (const { name, look } of chain) {
    for (const finding of look(state)) {
      const target = identityOf(finding.target);
      if (!decisions.has(target)) decisions.set(target, { ...finding, check: name });
    }
  }
  return [...decisions.values()];
}
