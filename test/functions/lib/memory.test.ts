import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { createMemory } from '../../../functions/lib/memory.ts';

/** Work that goes on until it is told to end, and whether it began. */
function work() {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const made = {
    began: false,
    end: () => {
      resolve(undefined);
    },
    run: () => {
      made.began = true;
      return promise;
    },
  };
  return made;
}

const MiB = 1024 * 1024;
const { signal } = new AbortController();
const of = (user: string, bytes: number) => ({ user, bytes, signal });

test('what fits goes on side by side, and the rest waits in its order', async (t) => {
  const memory = createMemory(20 * MiB);
  const [first, second, large, small] = [work(), work(), work(), work()];
  const done = [
    memory.hold(of('alice', 4 * MiB), first.run),
    memory.hold(of('alice', 4 * MiB), second.run),
    memory.hold(of('alice', 8 * MiB), large.run),
    memory.hold(of('alice', 1 * MiB), small.run),
  ];
  await turn();
  // The small one would fit, and would keep the large one waiting for ever if others did as it did.
  t.deepEqual(
    [first, second, large, small].map(({ began }) => began),
    [true, true, false, false],
  );
  first.end();
  second.end();
  await turn();
  t.true(large.began && small.began);
  large.end();
  small.end();
  await t.notThrowsAsync(Promise.all(done));
});

test('one user, however slow, leaves half of it to others', async (t) => {
  const memory = createMemory(20 * MiB);
  const slow = Array.from({ length: 4 }, work);
  const held = slow.map(({ run }) => memory.hold(of('alice', 4 * MiB), run));
  await turn();
  t.deepEqual(
    slow.map(({ began }) => began),
    [true, true, false, false],
  );
  t.is(await memory.hold(of('bob', 8 * MiB), () => Promise.resolve('done')), 'done');
  for (const one of slow) one.end();
  await t.notThrowsAsync(Promise.all(held));
});

test('all users together take what there is, and no more', async (t) => {
  const memory = createMemory(20 * MiB);
  const [alice, bob, carol] = [work(), work(), work()];
  const held = [
    memory.hold(of('alice', 10 * MiB), alice.run),
    memory.hold(of('bob', 10 * MiB), bob.run),
    memory.hold(of('carol', 1 * MiB), carol.run),
  ];
  await turn();
  t.deepEqual([alice.began, bob.began, carol.began], [true, true, false]);
  bob.end();
  await turn();
  t.true(carol.began);
  alice.end();
  carol.end();
  await t.notThrowsAsync(Promise.all(held));
});

test('what wants more than a user may have gets all of that', async (t) => {
  const memory = createMemory(20 * MiB);
  t.is(await memory.hold(of('alice', 1_000 * MiB), () => Promise.resolve('done')), 'done');
});

test('work that fails gives back what it held', async (t) => {
  const memory = createMemory(20 * MiB);
  const fails = (): Promise<never> => Promise.reject(new Error('no'));
  await t.throwsAsync(memory.hold(of('alice', 10 * MiB), fails));
  t.is(await memory.hold(of('alice', 10 * MiB), () => Promise.resolve('done')), 'done');
});

test('work whose caller left while it waited does not begin', async (t) => {
  const memory = createMemory(20 * MiB);
  const [long, late] = [work(), work()];
  const leaving = new AbortController();
  const first = memory.hold(of('alice', 10 * MiB), long.run);
  const second = memory.hold({ user: 'alice', bytes: MiB, signal: leaving.signal }, late.run);
  leaving.abort(new Error('the caller left'));
  long.end();
  await first;
  await t.throwsAsync(second, { message: 'the caller left' });
  t.false(late.began);
});
