import { Gone } from '../lib/errors.ts';
import type { Collection, Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';

/** Objects of one kind, and how long they are watched. */
export interface Watched {
  of: Collection;
  labelSelector: string;
  signal: AbortSignal;
}

/**
 * Waits until the objects a selector picks are as wanted; looks again with every change of one.
 *
 * @param wanted gets all of them, by name; it is not asked while there are none
 * @returns whether it came to that before the signal was aborted
 * @throws Unavailable when the API server is gone
 */
export async function watchUntil<T extends KubernetesObject>(
  kubernetes: Kubernetes,
  watched: Watched,
  wanted: (objects: ReadonlyMap<string, T>) => boolean,
): Promise<boolean> {
  while (!watched.signal.aborted) {
    try {
      if (await watchOnce(kubernetes, watched, wanted)) return true;
    } catch (error) {
      // History was compacted: look at everything anew.
      if (!(error instanceof Gone)) throw error;
    }
  }
  return false;
}

async function watchOnce<T extends KubernetesObject>(
  kubernetes: Kubernetes,
  { of, labelSelector, signal }: Watched,
  wanted: (objects: ReadonlyMap<string, T>) => boolean,
): Promise<boolean> {
  const seen = new Map<string, T>();
  // A watch without a version begins with every object there is.
  for await (const { type, object } of kubernetes.watch<T>(of, { labelSelector, signal })) {
    if (type === 'DELETED') seen.delete(object.metadata.name);
    else if (type !== 'BOOKMARK') seen.set(object.metadata.name, object);
    if (wanted(seen)) return true;
  }
  return false;
}
