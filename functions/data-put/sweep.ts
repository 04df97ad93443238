/** Finishes or removes what crashed puts left, and sends the events that were not sent. */
import { SelvedgeError, Unavailable } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Intent, Revised } from '../lib/data/metadata.ts';
import { fate } from './decisions.ts';
import type { Outbox } from './outbox.ts';
import type { Parts } from './deps.ts';
import { complete } from './put.ts';
import { clean } from './store.ts';

/** How many intents met which end. */
export interface Swept {
  finished: number;
  removed: number;
  forgotten: number;
  failed: number;
  sent: number;
}

/**
 * One pass over everything. May run at any time, at once with puts and with itself: all it
 * does is compare and swap. What fails is left to the next pass.
 */
export async function sweep(parts: Parts, outbox: Outbox, log: Logger): Promise<Swept> {
  const swept: Swept = { finished: 0, removed: 0, forgotten: 0, failed: 0, sent: 0 };
  // A network that does not answer is asked once a pass: the others must not wait for it.
  const silent = new Set<string>();
  for await (const intent of parts.metadata.intents()) {
    const { id, namespace, network, key, version } = intent.value;
    const what = fate(intent.value, parts.now());
    if (what === 'leave') continue;
    const place = `${what} ${namespace}/${network}`;
    if (silent.has(place)) {
      swept.failed++;
      continue;
    }
    try {
      swept[await settle(parts, intent, what)]++;
      log.info({ intent: id, network, key, version, what }, 'swept');
    } catch (error) {
      swept.failed++;
      if (error instanceof Unavailable) silent.add(place);
      const level = error instanceof SelvedgeError ? 'warn' : 'error';
      log[level]({ error, intent: id, network, key, version, what }, 'not swept');
    }
  }
  swept.sent = await outbox.flush();
  return swept;
}

async function settle(
  parts: Parts,
  intent: Revised<Intent>,
  what: 'finish' | 'remove' | 'forget',
): Promise<'finished' | 'removed' | 'forgotten'> {
  switch (what) {
    case 'finish':
      await complete(parts, intent, false);
      return 'finished';
    case 'remove':
      await clean(parts, intent);
      return 'removed';
    case 'forget':
      await parts.metadata.forget(intent);
      return 'forgotten';
  }
}
