import type { Pod, World } from '../world.ts';
import type { Aim } from './fault.ts';

/**
 * Kills pods: their processes, where the machine is ours, so that none can say goodbye; then the pods are deleted,
 * for a container that is killed again and again would wait longer each time. Elsewhere a pod has a second to
 * end: with a grace of 0 its name would be given to another while it still runs.
 */
export function killing({ kubernetes, machine }: World, pods: readonly Pod[]): Aim {
  const names = pods.map(({ metadata, spec }) => `${metadata.name} on ${spec?.nodeName ?? '?'}`);
  return {
    what: names.join(', '),
    strike: async () => {
      await Promise.all(
        pods.map(async (pod) => {
          const { namespace, name, uid = '' } = pod.metadata;
          const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name };
          await machine?.killPod(pod);
          await kubernetes.remove(ref, { gracePeriodSeconds: 1, uid });
        }),
      );
      return undefined;
    },
  };
}
