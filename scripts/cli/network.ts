import type { Kubernetes } from '../../functions/lib/kubernetes.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';

export interface ApplyOptions {
  /** Seconds the network may take until it is ready. */
  timeout?: number;
  onProgress?: (line: string) => void;
}

/**
 * Applies a network and waits until the status of this very generation says it is ready.
 *
 * @returns the seconds that took
 * @throws Error with the conditions of the network when it is not ready in time
 */
export async function applyNetwork(
  kubernetes: Kubernetes,
  network: FabricNetwork,
  { timeout = 300, onProgress = () => undefined }: ApplyOptions = {},
): Promise<number> {
  const start = performance.now();
  const { apiVersion, kind, metadata } = await kubernetes.apply(network);
  const signal = AbortSignal.timeout(timeout * 1000);
  let last: FabricNetwork | undefined;
  while (!signal.aborted) {
    try {
      const watched = kubernetes.watch<FabricNetwork>(
        { apiVersion, kind, namespace: metadata.namespace },
        { fieldSelector: `metadata.name=${metadata.name}`, signal },
      );
      for await (const { object } of watched) {
        last = object;
        onProgress(describe(object));
        if (isReady(object)) return (performance.now() - start) / 1000;
      }
    } catch (error) {
      // A watch that ends is begun anew until the time is up.
      if (signal.aborted) break;
      onProgress(error instanceof Error ? error.message : String(error));
    }
  }
  const state = last ? describe(last) : 'it was never seen';
  throw new Error(
    `the network ${metadata.name} was not ready after ${timeout} s (${state}); ` +
      `see: kubectl describe fn ${metadata.name} -n ${metadata.namespace}`,
  );
}

/** Ready, and not by a status that an older spec left behind. */
export function isReady({ metadata, status }: FabricNetwork): boolean {
  return status?.phase === 'Ready' && status.observedGeneration === metadata.generation;
}

function describe({ metadata, status }: FabricNetwork): string {
  const failing = status?.conditions?.find((condition) => condition.status === 'False');
  const phase = status?.phase ?? 'Pending';
  return failing ? `${metadata.name}: ${phase}, ${failing.message}` : `${metadata.name}: ${phase}`;
}
