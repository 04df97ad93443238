import type { IncomingMessage } from 'node:http';
import test from 'ava';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createHedge } from '../../../functions/gateway/hedge.ts';
import type { Outgoing } from '../../../functions/gateway/forward.ts';

const event = (): Outgoing => ({
  url: 'http://data-get.selvedge.svc',
  headers: {},
  signal: new AbortController().signal,
});

interface Tried {
  signal: AbortSignal;
  fresh: boolean;
  answer: (statusCode: number, headers?: Record<string, string>) => void;
  fail: () => void;
  dropped: boolean;
}

/** A function whose answers the test gives, and the calls that reached it. */
function hedge(afterMs = 1) {
  const tries: Tried[] = [];
  const told: string[] = [];
  const clock = { ms: 0 };
  const call = createHedge({
    afterMs,
    now: () => clock.ms,
    tell: ({ kind, address }) => told.push(`${kind} ${address}`),
    forward: ({ signal, fresh = false }) =>
      new Promise((resolve, reject) => {
        const one: Tried = {
          signal,
          fresh,
          dropped: false,
          answer: (statusCode, headers = {}) => {
            const destroy = () => (one.dropped = true);
            resolve({ statusCode, headers, destroy } as unknown as IncomingMessage);
          },
          fail: () => reject(new Unavailable('the function cannot be reached')),
        };
        signal.addEventListener('abort', one.fail);
        tries.push(one);
      }),
  });
  const reached = async (count: number) => {
    while (tries.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { call, tries, told, reached, clock };
}

test('what is answered in time is asked once', async (t) => {
  const { call, tries, told } = hedge(10_000);
  const answer = call(event());
  tries[0]?.answer(200);
  t.is((await answer).statusCode, 200);
  t.is(tries.length, 1);
  t.deepEqual(told, []);
});

test('where the first try is silent the second is answered; the first is ended, and that is told', async (t) => {
  const { call, tries, told, reached } = hedge();
  const answer = call(event());
  await reached(2);
  tries[1]?.answer(200);
  t.is((await answer).statusCode, 200);
  t.true(tries[0]?.signal.aborted);
  t.false(tries[1]?.signal.aborted);
  t.deepEqual(
    tries.map(({ fresh }) => fresh),
    [false, true],
    'the second has a connection of its own',
  );
  t.deepEqual(told, ['ingress http://data-get.selvedge.svc']);
});

test('a first try that is only late counts, and nobody is told', async (t) => {
  const { call, tries, told, reached } = hedge();
  const answer = call(event());
  await reached(2);
  tries[0]?.answer(201);
  t.is((await answer).statusCode, 201);
  t.true(tries[1]?.signal.aborted);
  t.deepEqual(told, []);
});

test('where the second try takes as long as the first waited, all are slow, and nobody is told', async (t) => {
  const { call, tries, told, reached, clock } = hedge(2);
  const answer = call(event());
  await reached(2);
  clock.ms = 1;
  tries[1]?.answer(200);
  t.is((await answer).statusCode, 200);
  t.deepEqual(told, []);
});

const notTheLast: Record<string, (one: Tried) => void> = {
  'a conflict': (one) => one.answer(409),
  'a fault of the platform': (one) => one.answer(503),
  'no answer': (one) => one.fail(),
};
for (const [what, end] of Object.entries(notTheLast)) {
  test(`after ${what} to one try the other is waited for`, async (t) => {
    for (const [bad, good] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { call, tries, reached } = hedge();
      const answer = call(event());
      await reached(2);
      end(tries[bad]!);
      await new Promise((resolve) => setImmediate(resolve));
      tries[good]?.answer(201);
      t.is((await answer).statusCode, 201);
    }
  });
}

test('what the function itself says is the last word, be it that it cannot', async (t) => {
  const { call, tries, reached } = hedge();
  const answer = call(event());
  await reached(2);
  tries[1]?.answer(503, { 'content-type': 'application/problem+json' });
  t.is((await answer).statusCode, 503);
});

test('where both tries fail, that is what the caller gets', async (t) => {
  const { call, tries, reached } = hedge();
  const answer = call(event());
  await reached(2);
  for (const one of tries) one.fail();
  await t.throwsAsync(answer, { instanceOf: Unavailable });
});

test('when many calls are late, not all are made a second time', async (t) => {
  const { call, tries, reached } = hedge();
  const answers = Array.from({ length: 50 }, () => call(event()));
  await reached(70);
  for (const one of tries) one.answer(200);
  await Promise.all(answers);
  t.is(tries.length, 70);
});

test('an answer that leaves the fate of a put open is not the last word while another may come', async (t) => {
  const { call, tries, reached } = hedge();
  const answer = call(event());
  await reached(2);
  const problem = { 'content-type': 'application/problem+json' };
  tries[1]?.answer(503, { ...problem, 'selvedge-fate': 'open' });
  tries[0]?.answer(201);
  t.is((await answer).statusCode, 201);
});
