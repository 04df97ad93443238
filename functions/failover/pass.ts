import { setTimeout as delay } from 'node:timers/promises';
import { Unavailable } from '../lib/errors.ts';
import { decide, type Decision, type State } from './checks.ts';
import type { Recorder } from './record.ts';

export interface Failover {
  gather: () => Promise<State>;
  /** What each action does; true when it changed something. */
  actions: Record<Exclude<Decision['action'], 'wait'>, (decision: Decision) => Promise<boolean>>;
  recorder: Recorder;
}

export interface PassOptions {
  /** Milliseconds to wait for members that are starting, and between two looks at them. */
  patienceMs?: number;
  pauseMs?: number;
}

/**
 * One level-triggered pass: look, decide, act, and look again while something is on its way, for
 * nothing may wake us a second time.
 *
 * @throws Unavailable when patience ends or an action failed: the event is to be sent again
 */
export async function pass(
  { gather, actions, recorder }: Failover,
  { patienceMs = 30_000, pauseMs = 500 }: PassOptions = {},
): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const decisions = decide(await gather());
    const due = decisions.filter(({ action }) => action !== 'wait');
    await actAll(due, actions, recorder);
    const [waited] = decisions.filter(({ action }) => action === 'wait');
    if (!waited) return;
    if (Date.now() + pauseMs > end) {
      throw new Unavailable(`${waited.target.pod}: ${waited.reason}`);
    }
    await delay(pauseMs);
  }
}

/** One that cannot be helped keeps no other from being helped. */
async function actAll(
  decisions: Decision[],
  actions: Failover['actions'],
  recorder: Recorder,
): Promise<void> {
  const failures: unknown[] = [];
  for (const decision of decisions) {
    await act(decision, actions, recorder).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function act(
  decision: Decision,
  actions: Failover['actions'],
  recorder: Recorder,
): Promise<void> {
  if (decision.action === 'wait') return;
  await recorder.started(decision);
  try {
    const changed = await actions[decision.action](decision);
    await recorder.completed(decision, 'succeeded', changed ? undefined : 'it was done already');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    await recorder.completed(decision, 'failed', detail);
    throw new Unavailable(`${decision.action} ${decision.target.pod} failed`, { cause: error });
  }
}

/**
 * Many events, few passes: whoever comes during a pass shares the next one, which starts when it
 * has ended and so sees what they were told about.
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const mine = work().finally(() => {
      if (running === mine) running = undefined;
    });
    return (running = mine);
  };
  return () => {
    if (!running) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}
