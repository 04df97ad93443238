/** Finishes or calls off the erasures that were cut off. */
import { asked } from '../lib/data/chain.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Erasure, Revised } from '../lib/data/model.ts';
import { ageOf, patience } from './decisions.ts';
import { finishErasure, type Finishing } from './finish-erasure.ts';
import { settleEach, type Round, type Settled } from './settle-each.ts';

export function sweepErasures(deps: Finishing, round: Round): Promise<Settled> {
  const settleOne = (erasure: Revised<Erasure>) => settle(deps, erasure);
  return settleEach('erasure', deps.metadata.erasures(), settleOne, round);
}

async function settle(
  deps: Finishing,
  erasure: Revised<Erasure>,
): Promise<'finished' | 'removed' | undefined> {
  const { value } = erasure;
  const head = await asked(deps.chain.head(value, await deps.names.idOf(value)));
  const what = fateOfErasure(value, head, deps.now());
  switch (what.fate) {
    case 'finish':
      await finishErasure(deps, value, what.head);
      return 'finished';
    case 'callOff':
      await deps.metadata.callOff(erasure);
      return 'removed';
    case 'leave':
      return undefined;
  }
}

/** What the sweep does with an erasure that was begun. */
export type ErasureFate = { fate: 'finish'; head: Head } | { fate: 'callOff' } | { fate: 'leave' };

/**
 * Only what the chain says is erased is removed. What it does not is never sent there: whoever can write to
 * etcd could have made it up.
 */
export function fateOfErasure(
  { since }: Pick<Erasure, 'since'>,
  head: Head | undefined,
  now: Date,
): ErasureFate {
  if (head?.erased) return { fate: 'finish', head };
  // Its transaction may still be on its way.
  return { fate: ageOf(since, now) > patience.open ? 'callOff' : 'leave' };
}
