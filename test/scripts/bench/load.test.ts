import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { load } from '../../../scripts/bench/load.ts';

const { signal } = new AbortController();

test('each caller begins its next operation when the one before has ended', async (t) => {
  const under = new Map<number, number>();
  let most = 0;
  const { perSecond, latencies } = await load(
    { callers: 3, forMs: 200, signal },
    async (caller) => {
      const now = (under.get(caller) ?? 0) + 1;
      under.set(caller, now);
      most = Math.max(most, now);
      await delay(20);
      under.set(caller, now - 1);
    },
  );
  t.is(most, 1);
  t.deepEqual([...under.keys()], [0, 1, 2]);
  t.true(perSecond > 0);
  t.true(latencies.every((ms) => ms >= 19));
});

test('what ends too late is not in the rate, and its latency is', async (t) => {
  const { perSecond, latencies } = await load({ callers: 2, forMs: 20, signal }, async () => {
    await delay(80);
  });
  t.is(perSecond, 0);
  t.is(latencies.length, 2);
});

test('the first failure ends all callers and is thrown', async (t) => {
  let calls = 0;
  const failing = load({ callers: 2, forMs: 60_000, signal }, async (caller) => {
    calls++;
    await delay(5);
    if (caller === 1) throw new Error('no');
  });
  await t.throwsAsync(failing, { message: 'no' });
  t.true(calls <= 4);
});

test('whoever interrupts ends it', async (t) => {
  const interrupted = new AbortController();
  const asked = { callers: 1, forMs: 60_000, signal: interrupted.signal };
  const loading = load(asked, async () => {
    await delay(1);
    interrupted.abort(new Error('enough'));
  });
  await t.throwsAsync(loading, { message: 'enough' });
});
