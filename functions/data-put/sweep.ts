/**
 * Finishes or removes what crashed puts, changes of policies and erasures left, erases the data of removed
 * networks, and sends the events that were not sent.
 */
import {
  Gone,
  IntegrityError,
  NoSpace,
  PreconditionFailed,
  SelvedgeError,
  Unavailable,
} from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Revised, StoredIntent } from '../lib/data/model.ts';
import type { Removal } from '../lib/vault/incarnations.ts';
import { clean } from './claim.ts';
import { fateOf, type Fate } from './decisions.ts';
import type { Deps } from './deps.ts';
import type { Outbox } from './outbox.ts';
import { noteMismatch } from './audit.ts';
import { finish } from './put.ts';
import { removeFormer, type Removing } from './store.ts';
import { sweepErasures } from './sweep-erasures.ts';
import { sweepNetworks } from './sweep-networks.ts';
import { sweepPolicies } from './sweep-policies.ts';

/** How many intents, proposals and erasures met which end, how many networks were erased, how many events sent. */
export interface Swept {
  finished: number;
  removed: number;
  forgotten: number;
  failed: number;
  erased: number;
  sent: number;
}

/** Seconds for which one that died keeps others away: less than from one tick of its clock to the next. */
const mostHeld = 9 * 60;

/**
 * A pass, unless another one is under way somewhere: two would do no harm, and everything twice.
 * Out of space, etcd takes no note of it, and then cleaning up is what is needed most.
 */
export async function sweepAlone(...given: Parameters<typeof sweep>): Promise<Swept | undefined> {
  const [{ metadata }] = given;
  const letGo = await metadata.holdSweep(mostHeld).catch((error: unknown) => {
    if (error instanceof NoSpace) return () => Promise.resolve();
    throw error;
  });
  if (!letGo) return undefined;
  try {
    return await sweep(...given);
  } finally {
    await letGo().catch(() => undefined);
  }
}

/**
 * One pass over everything. May run at any time, at once with puts and with itself: all it
 * does is compare and swap, or erase what nobody can reach. What fails is left to the next pass.
 */
export async function sweep(deps: Deps, outbox: Outbox, log: Logger): Promise<Swept> {
  const removals = await removedNetworks(deps, log);
  const gone = new Set(removals.map(({ incarnation }) => incarnation));
  const swept = await settleAll(deps, gone, log);
  const round = { now: deps.now, removed: gone, log };
  for (const one of [await sweepPolicies(deps, round), await sweepErasures(deps, round)]) {
    swept.finished += one.finished;
    swept.removed += one.removed;
    swept.failed += one.failed;
  }
  const erased = await sweepNetworks(deps, removals, log);
  return { ...swept, erased, sent: await outbox.flush() };
}

/** Without Vault nothing is erased in this pass; the rest goes on. */
async function removedNetworks({ incarnations }: Deps, log: Logger): Promise<Removal[]> {
  try {
    return await incarnations.removed();
  } catch (error) {
    log.warn({ error }, 'which networks were removed is not known now');
    return [];
  }
}

async function settleAll(deps: Deps, removed: ReadonlySet<string>, log: Logger) {
  const swept = { finished: 0, removed: 0, forgotten: 0, failed: 0 };
  // A network that does not answer is asked once a pass: the others must not wait for it.
  const silent = new Set<string>();
  for await (const intent of deps.metadata.intents()) {
    const { id, incarnation, network, key } = intent.value;
    const gone = removed.has(incarnation);
    const what = fateOf(intent, deps.now(), gone);
    if (what.fate === 'leave') continue;
    const place = `${what.fate} ${incarnation}`;
    if (silent.has(place)) {
      swept.failed++;
      continue;
    }
    const about = { intent: id, network, key, what: what.fate };
    try {
      swept[await settle(deps, what, { gone })]++;
      log.info(about, 'swept');
    } catch (error) {
      swept.failed++;
      if (error instanceof Unavailable) silent.add(place);
      if (error instanceof IntegrityError) noteMismatch(log, about, error);
      log[error instanceof SelvedgeError ? 'warn' : 'error']({ error, ...about }, 'not swept');
    }
  }
  return swept;
}

async function settle(
  deps: Deps,
  what: Exclude<Fate, { fate: 'leave' }>,
  removing: Removing,
): Promise<'finished' | 'removed' | 'forgotten'> {
  switch (what.fate) {
    case 'finish':
      if (await isReplaced(deps, what.intent)) {
        await clean(deps, what.intent, { gone: true });
        return 'removed';
      }
      return await finishOrRemove(deps, what.intent);
    case 'remove':
      await clean(deps, what.intent, removing);
      return 'removed';
    case 'forget':
      await removeFormer(deps, what.intent.value, removing);
      await deps.metadata.forget(what.intent);
      return 'forgotten';
  }
}

/**
 * A put whose datum was erased since, or before which another version came than the one that it must follow,
 * has its own removed by the attempt to finish it.
 */
async function finishOrRemove(
  deps: Deps,
  intent: Revised<StoredIntent>,
): Promise<'finished' | 'removed'> {
  try {
    await finish(deps, intent, { fresh: false });
    return 'finished';
  } catch (error) {
    if (error instanceof Gone || error instanceof PreconditionFailed) return 'removed';
    throw error;
  }
}

/** Whether another network has the name by now: this one will never be there again. */
async function isReplaced({ networks }: Deps, { value }: Revised<StoredIntent>): Promise<boolean> {
  const { incarnation } = await networks.find(value);
  return incarnation !== value.incarnation;
}
