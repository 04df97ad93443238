/** A second try of a call whose first is silent; whichever is answered first counts. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fateHeader } from '../lib/errors.ts';
import type { Tell } from '../lib/suspicion/suspects.ts';
import type { Forward, Outgoing } from './forward.ts';
import { isProblem } from './relay.ts';

export interface HedgeOptions {
  forward: Forward;
  /** Milliseconds without the head of an answer after which the second try is made. */
  afterMs: number;
  /** Hears of functions that a second try found answering where the first was silent. */
  tell?: Tell;
  /** Milliseconds that never go back. */
  now?: () => number;
}

/** How many calls may have a second try at once when all went well before. */
const mostTries = 20;

interface Try {
  answer: Promise<IncomingMessage>;
  /** Ends it, and drops its answer. */
  end(): void;
}

/**
 * For calls that may reach a function twice: reads, and puts, which the function knows again by the
 * event's id. The body must be there as a whole.
 *
 * Two answers pay for one second try: what is slow because there is too much to do is made slower by
 * half at most.
 */
export function createHedge(options: HedgeOptions): Forward {
  const { forward, afterMs, tell, now = () => performance.now() } = options;
  let purse = mostTries;

  const second = async (event: Outgoing, first: Try): Promise<IncomingMessage> => {
    const [since, begun] = [new Date(), now()];
    const again = begin(forward, { ...event, fresh: true });
    const winner = await firstGood([first, again]);
    for (const one of [first, again]) if (one !== winner) one.end();
    const address = new URL(event.url).origin;
    // Where the second try takes long as well, all are slow and the first may not have been silent.
    const isSudden = now() - begun < afterMs / 2;
    if (winner === again && isSudden) tell?.({ kind: 'ingress', address, since });
    return winner.answer;
  };

  return async (event) => {
    const first = begin(forward, event);
    const again = (await isLate(first, afterMs)) && purse >= 1;
    if (again) purse -= 1;
    const answer = await (again ? second(event, first) : first.answer);
    purse = Math.min(purse + 0.5, mostTries);
    return answer;
  };
}

function begin(forward: Forward, event: Outgoing): Try {
  const controller = new AbortController();
  const signal = AbortSignal.any([event.signal, controller.signal]);
  const answer = forward({ ...event, signal });
  return {
    answer,
    end: () => {
      controller.abort(new Error('another try was answered'));
      answer.then(
        (late) => late.destroy(),
        () => undefined,
      );
    },
  };
}

async function isLate({ answer }: Try, afterMs: number): Promise<boolean> {
  const settled = new AbortController();
  const pause = delay(afterMs, true, { signal: settled.signal }).catch(() => false);
  const end = (): void => settled.abort();
  answer.then(end, end);
  return pause;
}

/**
 * The first whose answer is the function's own and the last word: two tries of one put may stand in
 * each other's way. Without such a one, the first that was answered at all.
 */
async function firstGood(tries: readonly [Try, Try]): Promise<Try> {
  const good = tries.map(async (one) => {
    if (isGood(await one.answer)) return one;
    throw new Error('its answer may not be the last word');
  });
  return Promise.any(good).catch(async () => {
    const answered = tries.map((one) => one.answer.then(() => one));
    return Promise.any(answered).catch(() => tries[0]);
  });
}

function isGood({ statusCode = 0, headers }: IncomingMessage): boolean {
  if (statusCode === 409 || headers[fateHeader.toLowerCase()] !== undefined) return false;
  return [502, 503, 504].includes(statusCode) ? isProblem(headers) : true;
}
