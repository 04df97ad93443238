/**
 * Settles as `work` does, or rejects with `late()` after `ms` milliseconds. For SDKs that know
 * no deadline of their own: the call goes on unseen, nobody waits for it.
 */
export async function withDeadline<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
