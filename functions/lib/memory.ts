/** Memory that work under way shares. What would take more than is left waits, in the order it came. */
import { Semaphore } from 'async-mutex';

export interface Memory {
  /**
   * Does some work of a user once the bytes that it holds at most are free. One user has half of all there is at
   * most, however slow its work: the rest is for others. What wants more than that half counts as all of it.
   *
   * @throws the signal's reason, when it was aborted before the work began
   */
  hold<T>(wanted: Wanted, work: () => Promise<T>): Promise<T>;
}

export interface Wanted {
  user: string;
  bytes: number;
  signal: AbortSignal;
}

/** Bytes of what is counted: each time something is given back, a semaphore looks at every unit that is free. */
export const page = 64 * 1024;

interface Share {
  free: Semaphore;
  /** How much work holds some of it, or waits. */
  count: number;
}

/** @param bytes what all work holds together at most */
export function createMemory(bytes: number): Memory {
  const pages = Math.floor(bytes / page);
  const half = Math.ceil(pages / 2);
  const free = new Semaphore(pages);
  const shares = new Map<string, Share>();

  /** Does some work with a user's share, which is there while it is needed. */
  const sharing = async <T>(user: string, work: (share: Semaphore) => Promise<T>): Promise<T> => {
    const share = shares.get(user) ?? { free: new Semaphore(half), count: 0 };
    shares.set(user, share);
    share.count += 1;
    try {
      return await work(share.free);
    } finally {
      share.count -= 1;
      if (share.count === 0) shares.delete(user);
    }
  };

  return {
    hold({ user, bytes: most, signal }, work) {
      const weight = Math.max(1, Math.min(Math.ceil(most / page), half));
      const begin = () => {
        signal.throwIfAborted();
        return work();
      };
      return sharing(user, (share) =>
        share.runExclusive(() => free.runExclusive(begin, weight), weight),
      );
    },
  };
}
