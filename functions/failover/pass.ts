import { Unavailable } from '../lib/errors.ts';
import { until } from '../lib/until.ts';
import type { Action, Alarm, Decision, State } from './checks/check.ts';
import { decide } from './checks/decide.ts';
import type { Outcome, Recorder } from './record.ts';
import { identityOf, nameOf } from './targets.ts';

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
  /** Milliseconds to wait for what is on its way, and between two looks at it. */
  patienceMs?: number;
  pauseMs?: number;
  /** Aborted when the pass must stop: another may be about to begin. */
  signal?: AbortSignal;
}

/** Something is on its way: it helps to look again soon. Nothing else that is thrown is like that. */
class OnItsWay extends Unavailable {}

/**
 * One level-triggered pass: look, decide, act, and look again while something is on its way, for
 * nothing may wake us a second time. Acting does not wait for telling, which may take as long as a
 * Broker is silent.
 *
 * @throws Unavailable when patience ends or an action failed: the event is to be sent again
 */
export async function pass(
  failover: Failover,
  { patienceMs = 60_000, pauseMs = 500, signal }: PassOptions = {},
): Promise<void> {
  const wait = {
    what: 'what is on its way',
    timeoutMs: patienceMs,
    ...{ firstMs: pauseMs, mostMs: pauseMs, signal },
    final: (error: unknown) => !(error instanceof OnItsWay),
  };
  const turn = new Turn(failover, signal);
  try {
    await until(wait, async () => {
      const decisions = decide(await failover.gather());
      await turn.take(decisions);
      const waited = decisions.find(({ action }) => action === 'wait' || action === 'alarm');
      if (waited) throw new OnItsWay(`${nameOf(waited.target)}: ${waited.reason}`);
      return true;
    });
  } finally {
    await turn.told();
  }
}

/** What one pass does and tells. */
class Turn {
  readonly #failover: Failover;
  readonly #signal: AbortSignal | undefined;
  readonly #telling: Promise<void>[] = [];
  /** The targets of which people were told that nothing can be done. */
  readonly #alarmed = new Set<string>();

  constructor(failover: Failover, signal: AbortSignal | undefined) {
    this.#failover = failover;
    this.#signal = signal;
  }

  /** One that cannot be helped keeps no other from being helped. */
  async take(decisions: readonly Decision[]): Promise<void> {
    const failures: unknown[] = [];
    for (const decision of decisions) {
      this.#signal?.throwIfAborted();
      if (decision.action === 'wait') continue;
      if (decision.action === 'alarm') this.#alarm(decision);
      else await this.#act(decision).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Returns when all is told, or could not be. */
  async told(): Promise<void> {
    await Promise.all(this.#telling);
  }

  async #act(due: Action): Promise<void> {
    const { actions, recorder } = this.#failover;
    const started = recorder.started(due);
    const completed = (outcome: Outcome, detail?: string): void => {
      this.#telling.push(started.then(() => recorder.completed(due, outcome, detail)));
    };
    try {
      const act = actions[due.action] as (decision: Action) => Promise<boolean>;
      completed('succeeded', (await act(due)) ? undefined : 'it was done already');
    } catch (error) {
      completed('failed', error instanceof Error ? error.message : String(error));
      throw new Unavailable(`${due.action} ${nameOf(due.target)} failed`, { cause: error });
    }
  }

  /** Once in a pass, however often it looks. */
  #alarm(alarm: Alarm): void {
    const target = identityOf(alarm.target);
    if (this.#alarmed.has(target)) return;
    this.#alarmed.add(target);
    this.#telling.push(this.#failover.recorder.alarmed(alarm));
  }
}
