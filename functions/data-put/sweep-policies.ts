/** Publishes or removes the policies whose change was cut off. */
import { asked } from '../lib/data/chain.ts';
import { scopeOf } from '../lib/data/datum.ts';
import type { Proposal, Revised } from '../lib/data/model.ts';
import { SelvedgeError, Unavailable } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Deps } from './deps.ts';
import { enact } from './enact.ts';
import { fateOfProposal, isDue } from './policy-decisions.ts';

/** How many proposals met which end. */
export interface SweptPolicies {
  finished: number;
  removed: number;
  failed: number;
}

/** @param removed incarnations of networks that are no more: all that bears them is erased elsewhere */
export async function sweepPolicies(
  deps: Pick<Deps, 'metadata' | 'chain' | 'names' | 'now'>,
  removed: ReadonlySet<string>,
  log: Logger,
): Promise<SweptPolicies> {
  const swept = { finished: 0, removed: 0, failed: 0 };
  // A network that does not answer is asked once a pass.
  const silent = new Set<string>();
  for await (const proposal of deps.metadata.proposals()) {
    const { value } = proposal;
    const place = scopeOf(value);
    if (removed.has(value.incarnation) || !isDue(value, deps.now())) continue;
    const about = { network: value.network, key: value.key, edition: value.edition };
    try {
      if (silent.has(place)) throw new Unavailable('the network did not answer in this pass');
      const end = await settle(deps, proposal);
      if (end) swept[end]++;
      if (end) log.info({ ...about, end }, 'swept a policy');
    } catch (error) {
      swept.failed++;
      if (error instanceof Unavailable) silent.add(place);
      log[error instanceof SelvedgeError ? 'warn' : 'error']({ error, ...about }, 'not swept');
    }
  }
  return swept;
}

async function settle(
  { metadata, chain, names, now }: Pick<Deps, 'metadata' | 'chain' | 'names' | 'now'>,
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
