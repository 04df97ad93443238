/** Giving up an intent whose ciphertext the chain knows: the version stays, what attempts before it wrote goes. */
import test from 'ava';
import { clean } from '../../../functions/data-put/claim.ts';
import type { Stores } from '../../../functions/data-put/store.ts';
import { objectPlace, objectPrefix } from '../../../functions/lib/data/datum.ts';
import type { AbandonedIntent } from '../../../functions/lib/data/model.ts';
import { digestOf } from '../../fakes/facts.ts';

const ref = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a' };
const at = (name: string): string => objectPlace(ref, 'selvedge', name).index;
const intent: AbandonedIntent = {
  ...{ ...ref, id: '1', owner: 'alice', policy: digestOf('policy'), tier: 'object' },
  ...{ index: at('mine'), contentType: 'text/plain', createdAt: '2026-01-01T00:00:00.000Z' },
  ...{ attempt: 'a', since: '2026-01-01T00:05:00.000Z', state: 'abandoned', onceStored: true },
  former: [{ index: at('former'), since: '2026-01-01T00:00:00.000Z' }],
};

async function cleaned(now: string) {
  const seen = { removed: [] as string[], forgotten: 0 };
  const deps = {
    metadata: { forget: () => Promise.resolve(++seen.forgotten > 0) },
    objects: {
      bucket: 'selvedge',
      remove: (name: string) => Promise.resolve(void seen.removed.push(name)),
    },
    chain: {
      find: (_network: unknown, index: string) =>
        Promise.resolve(index === at('mine') ? { id: 'id' } : undefined),
    },
    names: { idOf: () => Promise.resolve('id') },
    now: () => new Date(now),
  } as unknown as Stores;
  await clean(deps, { value: intent, revision: '1' });
  return seen;
}

const removed = [`${objectPrefix(ref)}former`];

test('with the intent goes the object of an attempt that it took over from', async (t) => {
  t.deepEqual(await cleaned('2026-01-01T01:00:00.000Z'), { removed, forgotten: 1 });
});

test('the intent stays while such an object may still come', async (t) => {
  t.deepEqual(await cleaned('2026-01-01T00:10:00.000Z'), { removed, forgotten: 0 });
});
