/** Callers that each begin the next operation when the one before has ended. */

export interface LoadOptions {
  callers: number;
  /** Milliseconds in which operations are begun; those under way at the end are awaited. */
  forMs: number;
  signal: AbortSignal;
}

export interface Load {
  /** Of those that ended in the time. */
  perSecond: number;
  /** Milliseconds of each operation. */
  latencies: number[];
}

/**
 * @param operation is told which caller it is for
 * @throws the first failure of an operation: what fails is not measured
 */
export async function load(
  { callers, forMs, signal }: LoadOptions,
  operation: (caller: number) => Promise<void>,
): Promise<Load> {
  const latencies: number[] = [];
  let inTime = 0;
  let failed = false;
  const end = performance.now() + forMs;
  const call = async (caller: number): Promise<void> => {
    for (let began = performance.now(); began < end && !failed; began = performance.now()) {
      signal.throwIfAborted();
      await operation(caller);
      const ended = performance.now();
      latencies.push(ended - began);
      if (ended <= end) inTime++;
    }
  };
  const all = Array.from({ length: callers }, (_, caller) =>
    call(caller).catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // Whatever fails, nothing goes on unseen.
  await Promise.allSettled(all);
  await Promise.all(all);
  return { perSecond: inTime / (forMs / 1000), latencies };
}
