import test from 'ava';
import type { Deps } from '../../../functions/keys/deps.ts';
import { sweep } from '../../../functions/keys/sweep.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';

const now = new Date('2026-01-02T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();

const log = createLogger('test');
log.level = 'silent';

/** Who rotates has a name that says so; all others had theirs destroyed. */
function depsWith(
  begun: [user: string, age: number][],
  { destroy, etcd = 'there' }: { destroy?: Deps['keys']['destroy']; etcd?: 'there' | 'away' } = {},
) {
  const seen = { destroyed: [] as string[], retired: [] as string[], forgotten: [] as string[] };
  const never = () => Promise.reject(new Error('a sweep does not do that'));
  async function* nothing(): AsyncGenerator<never> {
    if (etcd === 'away') await Promise.reject(new Unavailable('etcd is away'));
    yield* [];
  }
  const versions = [1, 2].map((version) => ({ version, createdAt: ago(60) }));
  const deps: Deps = {
    keys: {
      ...{ rotate: never, rewrap: never },
      find: () => Promise.resolve({ versions, latest: 2 }),
      retire: (user, before) => Promise.resolve(void seen.retired.push(`${user} ${before}`)),
      destroy: destroy ?? ((user) => Promise.resolve(void seen.destroyed.push(user))),
    },
    notes: {
      read: (user) => Promise.resolve(user === 'rotating' ? {} : { destroyedAt: ago(20) }),
      bury: never,
    },
    works: {
      begin: never,
      list: () =>
        Promise.resolve(begun.map(([user, age], id) => ({ user, since: ago(age), id: `${id}` }))),
      forget: (id) => Promise.resolve(void seen.forgotten.push(id)),
    },
    metadata: { intents: nothing, versions: nothing, rewrap: never },
    broker: { send: () => Promise.resolve() },
    now: () => now,
  };
  return { deps, ...seen };
}

test('a sweep destroys what the notes say is destroyed, and nothing else', async (t) => {
  const { deps, destroyed, forgotten } = depsWith([
    ['old', 20],
    ['new', 1],
    ['rotating', 20],
  ]);
  t.deepEqual(await sweep(deps, log), { done: 2, left: 1, failed: 0 });
  t.deepEqual(destroyed, ['old', 'new']);
  t.deepEqual(forgotten, ['0', '2']);
});

test('what fails is left to the next sweep, and holds up nothing', async (t) => {
  const destroy = (user: string) =>
    user === 'stuck' ? Promise.reject(new Unavailable('sealed')) : Promise.resolve();
  const begun: [string, number][] = [
    ['stuck', 20],
    ['other', 20],
  ];
  const { deps, forgotten } = depsWith(begun, { destroy });
  t.deepEqual(await sweep(deps, log), { done: 1, left: 0, failed: 1 });
  t.deepEqual(forgotten, ['1']);
});

test('without etcd keys are destroyed, and no version is retired', async (t) => {
  const begun: [string, number][] = [
    ['rotating', 20],
    ['old', 20],
  ];
  const { deps, destroyed, retired, forgotten } = depsWith(begun, { etcd: 'away' });
  t.deepEqual(await sweep(deps, log), { done: 1, left: 1, failed: 0 });
  t.deepEqual(
    { destroyed, retired, forgotten },
    { destroyed: ['old'], retired: [], forgotten: ['1'] },
  );
});
