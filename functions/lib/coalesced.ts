/**
 * Many calls, few runs: whoever calls while a run is under way shares the next one, which starts
 * when it has ended and so sees what they were told about. A run's failure is its callers' alone.
 *
 * @param work one run; it takes nothing, so that it is the same for all who share it
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
