/** How the facts of a batch meet. */
import type { Incarnation } from '../lib/data/datum.ts';
import type { NextVersion } from '../lib/data/fact.ts';
import type { Anchoring, GroupCommit } from './group-commit.ts';

/** One of the puts that are waited for. */
export interface Awaited {
  chain: GroupCommit;
  /** Says that the put has ended: the others need not wait for its fact. */
  ended: () => void;
}

interface Held {
  fact: NextVersion;
  resolve: (anchoring: Anchoring) => void;
  reject: (error: unknown) => void;
}

/**
 * Holds the facts of so many puts into a network until each has given its own, or has ended without: then they
 * go on together. A transaction takes long, and the first of a batch would have one for itself.
 *
 * @returns what each of the puts takes for itself
 */
export function gather(chain: GroupCommit, network: Incarnation, puts: number): () => Awaited {
  let due = puts;
  const held: Held[] = [];
  const send = async (): Promise<void> => {
    const facts = held.map(({ fact }) => fact);
    const anchorings = await chain.addAll(network, facts);
    held.forEach(({ resolve, reject }, at) => {
      const anchoring = anchorings[at];
      if (anchoring?.status === 'fulfilled') resolve(anchoring.value);
      else reject(anchoring?.reason);
    });
  };
  const arrive = (): void => {
    if (--due > 0) return;
    send().catch((error: unknown) => held.forEach(({ reject }) => reject(error)));
  };

  return () => {
    let isDue = true;
    const ended = (): void => {
      if (isDue) arrive();
      isDue = false;
    };
    const add: GroupCommit['add'] = (of, fact) => {
      // A second time: the others are gone.
      if (!isDue) return chain.add(of, fact);
      const { promise, resolve, reject } = Promise.withResolvers<Anchoring>();
      held.push({ fact, resolve, reject });
      ended();
      return promise;
    };
    return { chain: { ...chain, add }, ended };
  };
}
