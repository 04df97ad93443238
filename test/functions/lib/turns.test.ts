import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { inTurns, together } from '../../../functions/lib/turns.ts';

/** Answers each turn with what was asked, once it is let. */
function recorded(opened?: () => (one: number) => boolean) {
  const turns: number[][] = [];
  const gates: (() => void)[] = [];
  const ask = inTurns<number, number>(async (asked) => {
    turns.push(asked);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    gates.push(() => resolve(undefined));
    await promise;
    return asked.map((value) =>
      value < 0
        ? { status: 'rejected', reason: new Error('it is') }
        : { status: 'fulfilled', value },
    );
  }, opened);
  const letGo = async (): Promise<void> => {
    gates.shift()?.();
    await delay(5);
  };
  return { turns, ask, letGo };
}

test('what is asked in one moment is one turn, and what comes meanwhile the next', async (t) => {
  const { turns, ask, letGo } = recorded();
  const first = [ask(1), ask(2)];
  await delay(5);
  const second = [ask(3), ask(4), ask(5)];
  t.deepEqual(turns, [[1, 2]]);
  await letGo();
  t.deepEqual(await Promise.all(first), [1, 2]);
  t.deepEqual(turns, [
    [1, 2],
    [3, 4, 5],
  ]);
  await letGo();
  t.deepEqual(await Promise.all(second), [3, 4, 5]);
  const last = ask(6);
  await delay(5);
  await letGo();
  t.is(await last, 6);
});

test('one that is refused in a turn fails alone', async (t) => {
  const { ask, letGo } = recorded();
  const [good, bad] = [ask(1), ask(-1)];
  await delay(5);
  await letGo();
  t.is(await good, 1);
  await t.throwsAsync(bad, { message: 'it is' });
});

test('what does not fit waits for the next turn, and is first there', async (t) => {
  const odd = () => {
    const first: number[] = [];
    return (one: number) => first.push(one) === 1 || (first[0] ?? 0) % 2 === one % 2;
  };
  const { turns, ask, letGo } = recorded(odd);
  const all = [1, 2, 3, 4].map(ask);
  await delay(5);
  await letGo();
  await letGo();
  t.deepEqual(await Promise.all(all), [1, 2, 3, 4]);
  t.deepEqual(turns, [
    [1, 3],
    [2, 4],
  ]);
});

test('a group is halved for the one that is refused, and not where all are', async (t) => {
  const asked: number[][] = [];
  const ask = (group: number[]): Promise<number[]> => {
    asked.push(group);
    return group.includes(3) ? Promise.reject(new Error('3 is refused')) : Promise.resolve(group);
  };
  const settled = await together([1, 2, 3, 4], ask, () => true);
  t.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  t.deepEqual(asked, [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]);
  const none = await together([1, 2, 3, 4], ask, () => false);
  t.true(none.every(({ status }) => status === 'rejected'));
  t.is(asked.length, 6);
});
