/** What is to be done about an orderer that has no ledger of a channel which others have. */

export interface Case {
  consensus: 'raft' | 'bft';
  /** Whether it has taken part, as the consenter that the configuration lists. */
  noted: boolean;
  /** Whether the channel's configuration lists it. */
  listed: boolean;
  /** How many the configuration lists. */
  consenters: number;
  /** How many of the others follow a leader. */
  following: number;
}

/**
 * In the order in which an orderer goes through them: it is removed from the configuration, what it
 * was is forgotten, it is added, and it joins by that configuration as a member that never voted.
 * Or nothing can be done for now.
 */
export type Remedy = 'remove' | 'forget' | 'add' | 'join' | 'none';

export function decideRemedy(found: Case): Remedy {
  const { listed, noted } = found;
  if (listed !== noted) return listed ? 'join' : 'forget';
  if (!canChange(found)) return 'none';
  return listed ? 'remove' : 'add';
}

/**
 * Consenters change by a block that a majority agrees on, and the majority of those that there are
 * then must be there as well. BFT is left alone until what was seen when it was tried is
 * understood (docs/decisions/lost-orderers.md).
 */
function canChange({ consensus, listed, consenters, following }: Case): boolean {
  const most = listed ? consenters : consenters + 1;
  return consensus === 'raft' && following >= Math.floor(most / 2) + 1;
}
