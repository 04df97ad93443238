import { Listr } from 'listr2';

/** Told what a step is doing, in a few words. */
export type Progress = (line: string) => void;

/** One step of a plan, and what it gives to those after it. */
export interface Step<T> {
  title: string;
  result: Promise<T>;
}

type Results<S extends Step<unknown>[]> = {
  [K in keyof S]: S[K] extends Step<infer T> ? T : never;
};

interface Entry {
  title: string;
  ready: Promise<unknown>;
  finished: Promise<number>;
  listen: (listener: Progress) => void;
}

/** The failure of a step, which names it. */
export class StepError extends Error {
  readonly step: string;
  constructor(step: string, cause: unknown) {
    super(`${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StepError';
    this.step = step;
  }
}

/**
 * Steps that run at the same time, each as soon as those before it are done. The first failure ends all: the
 * signal tells those that run, and those after them never begin.
 */
export class Plan {
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #entries: Entry[] = [];
  #failure: StepError | undefined;

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#abort.signal]);
  }

  /** Adds a step, which is given the results of those before it. */
  step<T, S extends Step<unknown>[]>(
    title: string,
    after: [...S],
    work: (results: Results<S>, progress: Progress) => Promise<T>,
  ): Step<T> {
    const listeners: Progress[] = [];
    const progress: Progress = (line) => listeners.forEach((listener) => listener(line));
    const ready = Promise.all(after.map(({ result }) => result));
    let began = 0;
    const result = ready.then(async (results) => {
      this.signal.throwIfAborted();
      began = Date.now();
      try {
        return await work(results as Results<S>, progress);
      } catch (error) {
        this.#fail(title, error);
        throw error;
      }
    });
    const finished = result.then(() => Date.now() - began);
    for (const promise of [ready, result, finished]) promise.catch(() => undefined);
    this.#entries.push({ title, ready, finished, listen: (listener) => listeners.push(listener) });
    return { title, result };
  }

  /** Puts the results of steps together, without a step of its own to show. */
  join<T, S extends Step<unknown>[]>(steps: [...S], together: (results: Results<S>) => T): Step<T> {
    const result = Promise.all(steps.map((step) => step.result)).then((results) =>
      together(results as Results<S>),
    );
    result.catch(() => undefined);
    return { title: steps.map(({ title }) => title).join(', '), result };
  }

  /**
   * Shows the steps until all are done: live on a terminal, else a line for the end of each.
   * @throws StepError of the first step that failed
   */
  async show(): Promise<void> {
    if (process.stdout.isTTY) await this.#showLive();
    else await this.#showPlain();
    if (this.#failure) throw this.#failure;
    this.signal.throwIfAborted();
  }

  #fail(title: string, error: unknown): void {
    if (this.signal.aborted) return; // a consequence of the first failure, or of an interruption
    this.#failure = new StepError(title, error);
    this.#abort.abort(this.#failure);
  }

  async #showLive(): Promise<void> {
    const tasks = this.#entries.map(({ title, ready, finished, listen }) => ({
      title,
      task: async (_: unknown, task: { title: string; output: unknown }): Promise<void> => {
        await ready;
        listen((line) => (task.output = line));
        task.title = `${title} (${seconds(await finished)})`;
      },
    }));
    const options = { concurrent: true, exitOnError: false, collectErrors: false } as const;
    await new Listr(tasks, options).run().catch(() => undefined);
  }

  async #showPlain(): Promise<void> {
    const began = Date.now();
    const say = (line: string): void =>
      console.log(`${seconds(Date.now() - began).padStart(8)}  ${line}`);
    await Promise.allSettled(
      this.#entries.map(async ({ title, ready, finished, listen }) => {
        await ready;
        listen(atMostEvery(20_000, (line) => say(`${title}: ${line}`)));
        say(`${title}: done in ${seconds(await finished)}`);
      }),
    );
  }
}

/** Passes on one line at a time, so that a log does not fill with what changes every second. */
function atMostEvery(interval: number, listener: Progress): Progress {
  let last = Date.now();
  return (line) => {
    if (Date.now() - last < interval) return;
    last = Date.now();
    listener(line);
  };
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
