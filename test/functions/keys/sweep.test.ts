import test from 'ava';
import type { Deps } from '../../../functions/keys/deps.ts';
import { isSettled, sweep } from '../../../functions/keys/sweep.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';

const now = new Date('2026-01-02T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();

test('a key is looked at again for a quarter of an hour', (t) => {
  for (const [minutes, settled] of [
    [0, false],
    [15, false],
    [16, true],
  ] as const) {
    t.is(isSettled({ since: ago(minutes) }, now), settled, `${minutes} min`);
  }
});

const log = createLogger('test');
log.level = 'silent';

function depsWith(destroy: (user: string) => Promise<void>, begun: [user: string, age: number][]) {
  const forgotten: string[] = [];
  const deps: Deps = {
    keys: { find: () => Promise.resolve(undefined), destroy },
    notes: {
      read: (user) => Promise.resolve(user === 'kept' ? {} : { destroyedAt: ago(20) }),
      bury: () => Promise.reject(new Error('a sweep begins nothing')),
    },
    works: {
      begin: () => Promise.reject(new Error('a sweep begins nothing')),
      list: () =>
        Promise.resolve(begun.map(([user, age], id) => ({ user, since: ago(age), id: `${id}` }))),
      forget: (id) => {
        forgotten.push(id);
        return Promise.resolve();
      },
    },
    now: () => now,
  };
  return { deps, forgotten };
}

test('a sweep destroys what the notes say is destroyed, and nothing else', async (t) => {
  const destroyed: string[] = [];
  const destroy = (user: string) => Promise.resolve(void destroyed.push(user));
  const { deps, forgotten } = depsWith(destroy, [
    ['old', 20],
    ['new', 1],
    ['kept', 20],
  ]);
  t.deepEqual(await sweep(deps, log), { done: 2, left: 1, failed: 0 });
  t.deepEqual(destroyed, ['old', 'new']);
  t.deepEqual(forgotten, ['0', '2']);
});

test('what fails is left to the next sweep, and holds up nothing', async (t) => {
  const destroy = (user: string) =>
    user === 'stuck' ? Promise.reject(new Unavailable('sealed')) : Promise.resolve();
  const { deps, forgotten } = depsWith(destroy, [
    ['stuck', 20],
    ['other', 20],
  ]);
  t.deepEqual(await sweep(deps, log), { done: 1, left: 0, failed: 1 });
  t.deepEqual(forgotten, ['1']);
});
