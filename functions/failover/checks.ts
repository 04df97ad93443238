/**
 * What to do, decided purely: from one look at everything, a chain of named checks makes the
 * actions. The same state gives the same decision.
 */

/** The seal of a Vault member: `silent` when it does not answer. */
export type Seal = 'unsealed' | 'sealed' | 'uninitialized' | 'silent';

/** A pod of one of the tiers. */
export interface Member {
  pod: string;
  uid: string;
  tier: string;
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

/** Something to do to a member, or to wait for (`wait`: look again soon). */
export interface Decision {
  action: 'unseal' | 'wait';
  target: Member;
  /** Why, as a clause: «it restarted sealed». */
  reason: string;
}

/** Looks at one member among all; undefined when it finds nothing to do. */
export interface Check {
  name: string;
  look: (member: Member, state: State) => Omit<Decision, 'target'> | undefined;
}

/** In their order: the first that finds something speaks for the member. */
export const checks: Check[] = [
  {
    name: 'a sealed Vault member is unsealed',
    look: ({ seal, restarts }) =>
      seal === 'sealed'
        ? { action: 'unseal', reason: `it is sealed (restarts: ${restarts})` }
        : undefined,
  },
  {
    name: 'a Vault member that runs and does not answer yet is waited for',
    look: ({ seal, ready }) =>
      seal === 'silent' && !ready
        ? { action: 'wait', reason: 'it does not answer yet' }
        : undefined,
  },
  {
    name: 'a Vault member that joins an initialized Vault is waited for',
    look: ({ seal }, { members }) =>
      seal === 'uninitialized' && members.some(isInitialized)
        ? { action: 'wait', reason: 'it has not joined the others yet' }
        : undefined,
  },
];

/** At most one decision for each member, in the members' order. */
export function decide(state: State): Decision[] {
  return state.members.flatMap((target) => {
    for (const { look } of checks) {
      const found = look(target, state);
      if (found) return [{ ...found, target }];
    }
    return [];
  });
}

function isInitialized({ seal }: Member): boolean {
  return seal === 'sealed' || seal === 'unsealed';
}
