import test from 'ava';
import { createFairness, type Budgets } from '../../../functions/gateway/fair.ts';
import { TooManyRequests } from '../../../functions/lib/errors.ts';
import { bearer, startGateway } from './gateway.ts';

/** Budgets on a clock that stands still until it is told. */
function fairness(changes: Partial<Budgets> = {}) {
  const clock = { ms: 0 };
  const budgets = { requestsPerSecond: 10, bytesPerSecond: 1000, inFlight: 8, ...changes };
  const { admit } = createFairness(budgets, () => clock.ms);
  /** How many of so many requests of a user are let in. */
  const begin = (user: string, count: number): number => {
    for (let begun = 0; begun < count; begun++) {
      try {
        admit(user);
      } catch {
        return begun;
      }
    }
    return count;
  };
  return { clock, admit, begin };
}

test('one user alone has all there is', (t) => {
  const { begin } = fairness();
  t.is(begin('alice', 20), 8);
});

test('whoever comes later has an equal share at once, however much the first has', (t) => {
  const { begin } = fairness();
  t.is(begin('alice', 20), 8);
  t.is(begin('bob', 20), 4);
  t.is(begin('carol', 20), 2);
  t.is(begin('alice', 1), 0);
});

test('a user with too many requests waits for its own budget, and nobody else does', (t) => {
  const { clock, admit } = fairness();
  for (let i = 0; i < 20; i++) admit('alice').end(0);
  const error = t.throws(() => admit('alice'), { instanceOf: TooManyRequests });
  t.is(error.retryAfter, 1);
  t.notThrows(() => admit('bob').end(0));
  clock.ms += 100;
  t.notThrows(() => admit('alice').end(0));
  t.throws(() => admit('alice'), { instanceOf: TooManyRequests });
});

test('bytes that were too many are waited for', (t) => {
  const { clock, admit } = fairness();
  admit('alice').end(7000);
  const error = t.throws(() => admit('alice'), { instanceOf: TooManyRequests });
  t.is(error.retryAfter, 5);
  clock.ms += 5000;
  t.notThrows(() => admit('alice'));
});

test('at the gateway it is 429 with the time to come back', async (t) => {
  const budgets = { requestsPerSecond: 1, bytesPerSecond: 1e9, inFlight: 8 };
  const { url } = await startGateway(t, undefined, { budgets });
  const read = () => fetch(`${url}/v1/networks/supply/data/a`, { headers: bearer });
  t.is((await read()).status, 200);
  t.is((await read()).status, 200);
  const refused = await read();
  t.is(refused.status, 429);
  t.is(refused.headers.get('retry-after'), '1');
  t.like(await refused.json(), { type: 'https://selvedge.dev/problems/too-many-requests' });
  t.is((await fetch(`${url}/healthz`)).status, 200);
});
