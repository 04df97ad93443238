import type { Kubernetes } from '../../functions/lib/kubernetes/client.ts';
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
  await kubernetes.apply(network);
  const signal = AbortSignal.timeout(timeout * 1000);
  const { name, namespace } = network.metadata;
  let state = 'it was never seen';
  try {
    for await (const seen of follow(kubernetes, network, signal)) {
      state = describe(seen);
      onProgress(state);
      if (isReady(seen)) return (performance.now() - start) / 1000;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw new Error(
    `the network ${name} was not ready after ${timeout} s (${state}); ` +
      `see: kubectl describe fn ${name} -n ${namespace}`,
  );
}

/** Every state of a network from now on; a watch that the server ends is begun anew. */
async function* follow(
  kubernetes: Kubernetes,
  { apiVersion, kind, metadata: { name, namespace } }: FabricNetwork,
  signal: AbortSignal,
): AsyncGenerator<FabricNetwork> {
  for (;;) {
    signal.throwIfAborted();
    const options = { fieldSelector: `metadata.name=${name}`, signal };
    for await (const { object } of kubernetes.watch<FabricNetwork>(
      { apiVersion, kind, namespace },
      options,
    )) {
      yield object;
    }
  }
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
