import test from 'ava';
import type { Deps } from '../../../functions/data-put/deps.ts';
import { lateness, sweepNetworks } from '../../../functions/data-put/sweep-networks.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';

const removed = '2026-01-01T00:00:00.000Z';
const network = { namespace: 'selvedge', network: 'supply', incarnation: 'old', removed };
const log = createLogger('test');
log.level = 'silent';

/** Stores that hold so many batches of each network, and a clock that each batch moves. */
function world({
  after,
  batches,
  msEach = 0,
}: {
  after: number;
  batches: number;
  msEach?: number;
}) {
  const state = { now: new Date(removed).getTime() + after, left: new Map<string, number>() };
  const forgotten: string[] = [];
  const deps = {
    now: () => new Date(state.now),
    metadata: {
      erase: ({ incarnation }: { incarnation: string }) => {
        if (incarnation === 'stuck') return Promise.reject(new Unavailable('etcd is away'));
        const left = state.left.get(incarnation) ?? batches;
        state.left.set(incarnation, Math.max(0, left - 1));
        state.now += msEach;
        return Promise.resolve(left === 0);
      },
    },
    objects: { erase: () => Promise.resolve(0) },
    incarnations: { forget: (uid: string) => Promise.resolve(void forgotten.push(uid)) },
  } as unknown as Deps;
  return { deps, forgotten, state };
}

test('a removed network is erased in batches, and forgotten when nothing more can come', async (t) => {
  const { deps, forgotten, state } = world({ after: lateness + 1, batches: 3 });
  t.is(await sweepNetworks(deps, [network], log), 1);
  t.is(state.left.get('old'), 0);
  t.deepEqual(forgotten, ['old']);
});

test('while a late put may still write, the network is erased and not forgotten', async (t) => {
  const { deps, forgotten, state } = world({ after: lateness, batches: 3 });
  t.is(await sweepNetworks(deps, [network], log), 0);
  t.is(state.left.get('old'), 0);
  t.deepEqual(forgotten, []);
});

test('a pass ends in time, and what is left waits for the next', async (t) => {
  const { deps, forgotten, state } = world({ after: lateness + 1, batches: 100, msEach: 1_000 });
  t.is(await sweepNetworks(deps, [network], log), 0);
  t.is(state.left.get('old'), 40);
  t.is(await sweepNetworks(deps, [network], log), 1);
  t.deepEqual(forgotten, ['old']);
});

test('a network that cannot be erased now does not keep the next', async (t) => {
  const { deps, forgotten } = world({ after: lateness + 1, batches: 1 });
  t.is(await sweepNetworks(deps, [{ ...network, incarnation: 'stuck' }, network], log), 1);
  t.deepEqual(forgotten, ['old']);
});
