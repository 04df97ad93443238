import test from 'ava';
import {
  afterAnswer,
  afterFailure,
  isDue,
  isSuspected,
  type Suspicion,
} from '../../../../functions/lib/suspicion/memory.ts';

const known = (changes: Partial<Suspicion> = {}): Suspicion => ({
  ...{ since: 1_000, failures: 1, lookAt: 1_250, onTrial: false },
  ...changes,
});

const failures: Record<string, [Suspicion | undefined, number, Suspicion]> = {
  'a first failure makes a suspicion with an early look': [undefined, 1_000, known()],
  'failures before the look are one': [known(), 1_100, known()],
  'a failed look makes the next wait twice as long': [
    known(),
    1_250,
    known({ failures: 2, lookAt: 1_750 }),
  ],
  'no pause is longer than 8 s': [
    known({ failures: 12, lookAt: 50_000 }),
    50_000,
    known({ failures: 13, lookAt: 58_000 }),
  ],
  'who fails again on trial is suspected for longer than at first': [
    known({ failures: 3, onTrial: true }),
    5_000,
    known({ failures: 4, lookAt: 7_000 }),
  ],
};
for (const [behaviour, [before, now, after]] of Object.entries(failures)) {
  test(behaviour, (t) => t.deepEqual(afterFailure(before, now), after));
}

test('who answers a look is tried as any other, and not forgotten', (t) => {
  t.true(isSuspected(known()));
  t.false(isSuspected(afterAnswer(known())));
  t.is(afterAnswer(known({ failures: 5 })).failures, 5);
  t.false(isSuspected(undefined));
});

test('it is looked at when its pause is over, and not on trial', (t) => {
  t.false(isDue(known(), 1_249));
  t.true(isDue(known(), 1_250));
  t.false(isDue(known({ onTrial: true }), 9_999));
});
