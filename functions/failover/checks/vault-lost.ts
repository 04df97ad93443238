import { targetOf, type Check, type Finding, type Member, type State } from './check.ts';

/**
 * A Vault member that lost its disk, while the others still count on it: it knows no more what it confirmed and for
 * whom it voted, so it must come back as another. One without a vote does no harm: it may just be joining.
 */
export const vaultLost: Check = {
  name: 'vault-lost',
  look: (state) =>
    state.members.some(({ seal, empty }) => isInitialized(seal) && !empty)
      ? state.members.filter(({ empty }) => empty).flatMap(judge(state))
      : [],
};

function judge({ members, peers }: State): (member: Member) => Finding[] {
  return (member) => {
    const target = targetOf(member);
    const wait = (reason: string): Finding[] => [{ action: 'wait', target, reason }];
    if (!peers)
      return wait('its disk is empty, and the others do not tell whether they count on it');
    const voters = peers.filter(({ voter }) => voter).map(({ name }) => name);
    if (!voters.includes(member.pod)) return [];
    const standing = members.filter(
      ({ pod, seal, empty }) => seal === 'unsealed' && !empty && voters.includes(pod),
    );
    // Of those that it is taken from, too, a majority must agree: no two are replaced at once.
    if (standing.length <= voters.length / 2)
      return wait('it has lost its disk, and too few of the others are unsealed to replace it');
    const reason = 'it has lost its disk, and the others count on what was there';
    return [{ action: 'replace', target, reason }];
  };
}

function isInitialized(seal: Member['seal']): boolean {
  return seal === 'sealed' || seal === 'unsealed';
}
