/** Publishes or removes the policies whose change was cut off. */
import { asked } from '../lib/data/chain.ts';
import type { Proposal, Revised } from '../lib/data/model.ts';
import type { Deps } from './deps.ts';
import { enact } from './enact.ts';
import { fateOfProposal } from './policy-decisions.ts';
import { settleEach, type Round, type Settled } from './settle-each.ts';

type Needed = Pick<Deps, 'metadata' | 'chain' | 'names' | 'now'>;

export function sweepPolicies(deps: Needed, round: Round): Promise<Settled> {
  const settleOne = (proposal: Revised<Proposal>) => settle(deps, proposal);
  return settleEach('policy', deps.metadata.proposals(), settleOne, round);
}

async function settle(
  { metadata, chain, names, now }: Needed,
  proposal: Revised<Proposal>,
): Promise<'finished' | 'removed' | undefined> {
  const { value } = proposal;
  const head = await asked(chain.head(value, await names.idOf(value)));
  switch (fateOfProposal(value, head, now())) {
    case 'enact':
      await enact(metadata, value);
      return 'finished';
    case 'withdraw':
      await metadata.withdraw(proposal);
      return 'removed';
    case 'leave':
      return undefined;
  }
}
