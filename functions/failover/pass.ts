import { Unavailable } from '../lib/errors.ts';
import { until } from '../lib/until.ts';
import type { Action, State } from './checks/check.ts';
import { decide } from './checks/decide.ts';
import type { Recorder } from './record.ts';
import { nameOf } from './targets.ts';

/** What each action does; true when it changed something. */
export type Actions = {
  [A in Action['action']]: (decision: Extract<Action, { action: A }>) => Promise<boolean>;
};

export interface Failover {
  gather: () => Promise<State>;
  actions: Actions;
  recorder: Recorder;
}

export interface PassOptions {
  /** Milliseconds to wait for members that are starting, and between two looks at them. */
  patienceMs?: number;
  pauseMs?: number;
}

/** Something is on its way: it helps to look again soon. Nothing else that is thrown is like that. */
class OnItsWay extends Unavailable {}

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
  const wait = {
    what: 'what is on its way',
    timeoutMs: patienceMs,
    ...{ firstMs: pauseMs, mostMs: pauseMs },
    final: (error: unknown) => !(error instanceof OnItsWay),
  };
  await until(wait, async () => {
    const decisions = decide(await gather());
    await actAll(
      decisions.filter((decision) => decision.action !== 'wait'),
      actions,
      recorder,
    );
    const waited = decisions.find(({ action }) => action === 'wait');
    if (waited) throw new OnItsWay(`${nameOf(waited.target)}: ${waited.reason}`);
    return true;
  });
}

/** One that cannot be helped keeps no other from being helped. */
async function actAll(due: Action[], actions: Actions, recorder: Recorder): Promise<void> {
  const failures: unknown[] = [];
  for (const action of due) {
    await act(action, actions, recorder).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function act(due: Action, actions: Actions, recorder: Recorder): Promise<void> {
  await recorder.started(due);
  try {
    const changed = await actions[due.action](due);
    await recorder.completed(due, 'succeeded', changed ? undefined : 'it was done already');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    await recorder.completed(due, 'failed', detail);
    throw new Unavailable(`${due.action} ${nameOf(due.target)} failed`, { cause: error });
  }
}
