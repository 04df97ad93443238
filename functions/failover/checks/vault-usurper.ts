import { targetOf, type Check, type Member } from './check.ts';

/** Seconds for which a member has led before the one that led until then is taken for stuck: it may be ending its work. */
const settled = 20;

/**
 * A Vault member that goes on as the leader although another leads. Where its Raft has lost the leadership and it never
 * heard (seen on a starved machine, for 13 minutes), whoever asks it is refused every write, and nobody else notices.
 */
export const vaultUsurper: Check = {
  name: 'vault-usurper',
  look: ({ members }) => {
    const leaders = members.filter(leads).sort((a, b) => a.leadsFor - b.leadsFor);
    const [newest, ...others] = leaders;
    if (!newest) return [];
    const due = newest.leadsFor >= settled;
    return others.map((member) => ({
      action: due ? 'restart' : 'wait',
      target: targetOf(member),
      reason: `it acts as the leader, which ${newest.pod} is`,
    }));
  },
};

function leads(member: Member): member is Member & { leadsFor: number } {
  return member.leadsFor !== undefined;
}
