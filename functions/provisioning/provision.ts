import { isRetryable } from '../lib/errors.ts';
import { VaultUnavailable } from '../lib/vault/client.ts';
import type { Pass } from './pass.ts';
import { agreement } from './steps/agreement.ts';
import { anchor, chaincodes } from './steps/chaincodes.ts';
import { channels } from './steps/channels.ts';
import { endpoints } from './steps/endpoints.ts';
import { identities } from './steps/identities.ts';
import { joins } from './steps/joins.ts';
import { namespace } from './steps/namespace.ts';
import { orderers } from './steps/orderers.ts';
import { peers } from './steps/peers.ts';
import { prune } from './steps/prune.ts';
import { rollout } from './steps/rollout.ts';
import { Refused } from './fault.ts';
import type { Outcome, Step } from './steps/step.ts';

/** The story of a network. A step runs as soon as those it comes after have ended. */
export const story: readonly Step[] = [
  namespace,
  identities,
  orderers,
  channels,
  peers,
  joins,
  rollout,
  anchor,
  chaincodes,
  agreement,
  endpoints,
  prune,
];

/** How a step ended in this pass. */
export interface Result {
  step: string;
  state: 'done' | 'waiting' | 'broken' | 'failed' | 'blocked';
  /** Why it did not end well, in one word for programs, where the state alone does not say. */
  reason?: string;
  /** For people: what is waited for, what failed, what is in the way. */
  message: string;
  /** Whether the pass is to be repeated: trying again can help, and no event tells when. */
  retryable: boolean;
  /** What it took by itself. */
  seconds: number;
}

/**
 * One pass: runs every step that can advance.
 *
 * @param ended called as each step ends, with all that have ended
 * @returns the results in the order of the story
 */
export async function provision(
  pass: Pass,
  ended: (results: Result[]) => void = () => undefined,
  steps: readonly Step[] = story,
): Promise<Result[]> {
  const results: Result[] = [];
  const running = new Map<string, Promise<Result>>();
  for (const step of steps) {
    const before = step.after.map((name) => running.get(name)).filter((one) => one !== undefined);
    running.set(
      step.name,
      runAfter(pass, step, before).then((result) => {
        results.push(result);
        ended([...results]);
        return result;
      }),
    );
  }
  return Promise.all(running.values());
}

async function runAfter(
  pass: Pass,
  step: Step,
  before: readonly Promise<Result>[],
): Promise<Result> {
  const earlier = await Promise.all(before);
  const base = { step: step.name, retryable: false, message: '', seconds: 0 };
  const obstacle = earlier.find((result) => ['failed', 'blocked'].includes(result.state));
  if (obstacle) return { ...base, state: 'blocked', message: `comes after ${obstacle.step}` };
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  try {
    pass.signal.throwIfAborted();
    const outcome = await pass.within(step.run(pass));
    return { ...base, retryable: outcome.retry ?? false, seconds: seconds(), ...told(outcome) };
  } catch (error) {
    pass.clients.log.error({ error, step: step.name }, 'step failed');
    if (pass.isLate) return { ...base, ...outOfTime, seconds: seconds() };
    const message = error instanceof Error ? error.message : 'unknown error';
    return {
      ...base,
      state: 'failed',
      ...reasonOf(error),
      message: message.slice(0, 1000),
      retryable: isRetryable(error),
      seconds: seconds(),
    };
  }
}

/** No fault of the step's: the next pass goes on where this one was. */
const outOfTime = {
  state: 'waiting',
  reason: 'OutOfTime',
  message: 'waiting for the next pass: the time of this one was over',
  retryable: true,
} as const;

function told({
  waitingFor,
  broken,
  note = '',
}: Outcome): Pick<Result, 'state' | 'message' | 'reason'> {
  const waiting = waitingFor === undefined ? '' : `waiting for ${waitingFor}`;
  if (broken) {
    const message = [broken.message, waiting].filter((part) => part !== '').join('; ');
    return { state: 'broken', reason: broken.reason, message: message.slice(0, 1000) };
  }
  return waiting === ''
    ? { state: 'done', message: note.slice(0, 1000) }
    : { state: 'waiting', message: waiting };
}

function reasonOf(error: unknown): Pick<Result, 'reason'> {
  if (error instanceof VaultUnavailable) return { reason: 'VaultUnavailable' };
  return error instanceof Refused ? { reason: error.reason } : {};
}
