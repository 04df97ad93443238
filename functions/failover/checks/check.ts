/** What the checks look at, and what they may find. */
import type { MemberTarget, Target } from '../targets.ts';

/** The seal of a Vault member: `silent` when it does not answer. */
export type Seal = 'unsealed' | 'sealed' | 'uninitialized' | 'silent';

/** A pod of one of the tiers, as it was seen. */
export interface Member extends MemberTarget {
  /** Whether all its containers run now. */
  running: boolean;
  ready: boolean;
  restarts: number;
  /** Only of Vault members that run. */
  seal?: Seal;
}

/** Everything the checks look at, gathered once. */
export interface State {
  members: Member[];
}

/** Something to do, or to wait for (`wait`: look again soon), and why, as a clause. */
export type Finding =
  | { action: 'unseal'; target: MemberTarget; reason: string }
  | { action: 'wait'; target: Target; reason: string };

/** Pure: the same state gives the same findings. */
export interface Check {
  /** Short and lasting: it stands in events, labels and metrics. */
  name: string;
  look: (state: State) => Finding[];
}

/** What the chain decided, and the check that spoke. */
export type Decision = Finding & { check: string };

/** A decision that changes something. */
export type Action = Exclude<Decision, { action: 'wait' }>;

/** The target that a member is. */
export function targetOf({ tier, namespace, pod, uid }: Member): MemberTarget {
  return { kind: 'member', tier, namespace, pod, uid };
}
