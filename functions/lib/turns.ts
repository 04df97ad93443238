/**
 * Group commit for any stage: what is asked while it is busy goes together in its next turn. There is no timer:
 * when it is idle, the turn begins once all that is asked in the same moment is there.
 */
import { setImmediate as moment } from 'node:timers/promises';

/** Answers to all that is asked in a turn, in its order. */
export type Turn<Asked, Answer> = (asked: Asked[]) => Promise<PromiseSettledResult<Answer>[]>;

interface Waiting<Asked, Answer> {
  asked: Asked;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** @param opened begins a turn: tells of each that waits, in order, whether it still fits */
export function inTurns<Asked, Answer>(
  turn: Turn<Asked, Answer>,
  opened: () => (asked: Asked) => boolean = () => () => true,
): (asked: Asked) => Promise<Answer> {
  let waiting: Waiting<Asked, Answer>[] = [];
  let isBusy = false;

  const settled: typeof turn = async (asked) => {
    try {
      return await turn(asked);
    } catch (reason) {
      return asked.map(() => ({ status: 'rejected', reason }));
    }
  };

  const run = async (): Promise<void> => {
    await moment();
    while (waiting.length > 0) {
      const fits = opened();
      const { taken = [], left = [] } = Object.groupBy(waiting, ({ asked }) =>
        fits(asked) ? 'taken' : 'left',
      );
      waiting = left;
      const answers = await settled(taken.map(({ asked }) => asked));
      taken.forEach(({ resolve, reject }, at) => {
        const answer = answers[at];
        if (answer?.status === 'fulfilled') resolve(answer.value);
        else reject(answer?.reason);
      });
    }
    isBusy = false;
  };

  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject });
      if (isBusy) return;
      isBusy = true;
      void run();
    });
}

/**
 * Asks for a group together, and halves it where it is refused for one of its members: the rest must not suffer.
 *
 * @param isOfOne tells such a refusal from one that is of all
 */
export async function together<Asked, Answer>(
  group: Asked[],
  ask: (group: Asked[]) => Promise<Answer[]>,
  isOfOne: (error: unknown) => boolean,
): Promise<PromiseSettledResult<Answer>[]> {
  try {
    const answers = await ask(group);
    return answers.map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    if (group.length === 1 || !isOfOne(reason))
      return group.map(() => ({ status: 'rejected', reason }));
    const half = Math.ceil(group.length / 2);
    return [
      ...(await together(group.slice(0, half), ask, isOfOne)),
      ...(await together(group.slice(half), ask, isOfOne)),
    ];
  }
}

/** Answers those of each name together, and each name by itself: what one meets costs the others nothing. */
export async function eachGroup<Asked, Answer>(
  asked: Asked[],
  nameOf: (one: Asked) => string,
  answer: (group: Asked[]) => Promise<Answer[]>,
): Promise<PromiseSettledResult<Answer>[]> {
  const answers = new Map<Asked, PromiseSettledResult<Answer>>();
  const ask = async (group: Asked[]): Promise<void> => {
    const settled = await together(group, answer, () => false);
    settled.forEach((one, at) => answers.set(group[at] as Asked, one));
  };
  await Promise.all([...Map.groupBy(asked, nameOf).values()].map(ask));
  return asked.map((one) => answers.get(one) as PromiseSettledResult<Answer>);
}
