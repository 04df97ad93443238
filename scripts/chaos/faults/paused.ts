/** What stands still and goes on: nothing may be taken for dead that soon answers again. */
import { storageNamespace } from '../../../functions/lib/tiers.ts';
import { theMachine } from '../machine.ts';
import { oneOf, readyPods, type World } from '../world.ts';
import { leadingOrderer } from './leaders.ts';
import type { Fault } from './fault.ts';

const heal = async (world: World): Promise<void> => world.machine?.resume();

/** A pod stands still for less time than a confirmation takes. */
function pausing(
  name: string,
  says: string,
  pick: (world: World) => ReturnType<typeof leadingOrderer>,
): Fault {
  return {
    ...{ name, says, local: true, passing: true, holdMs: 8_000, heal },
    aim: async (world) => {
      const machine = theMachine(world);
      const pod = await pick(world);
      return {
        what: `${pod.metadata.name} on ${pod.spec?.nodeName ?? '?'}`,
        strike: async () => {
          await machine.pausePod(pod);
          return undefined;
        },
      };
    },
  };
}

export const pausedFaults: readonly Fault[] = [
  pausing(
    'etcd-paused',
    'a member of etcd stands still for 8 s, as on a slow disk',
    async (world) =>
      oneOf(world, 'etcd', await readyPods(world, storageNamespace, 'selvedge.dev/tier=etcd')),
  ),
  pausing('orderer-paused', 'the orderer that leads stands still for 8 s', leadingOrderer),
  {
    name: 'api-server-away',
    says: 'the Kubernetes API answers nobody for a minute',
    ...{ local: true, passing: true, holdMs: 60_000, heal },
    aim: (world) => {
      const machine = theMachine(world);
      return Promise.resolve({
        what: 'kube-apiserver',
        strike: async () => {
          await machine.pauseApiServer();
          return undefined;
        },
      });
    },
  },
];
