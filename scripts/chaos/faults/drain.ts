import type { World } from '../world.ts';
import type { Node } from '../world.ts';
import type { Fault } from './fault.ts';
import { fullestNode } from './nodes.ts';

/** On a node that this fault has cordoned: not one that an operator has. */
const mark = 'selvedge.dev/chaos';
const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', name });

/** Seconds for the pods to leave; budgets may hold some back for longer. */
const patience = 60;

/** Empties a node by the eviction API, which heeds PodDisruptionBudgets, as before its maintenance. */
export const drain: Fault = {
  name: 'drain',
  says: 'a node is drained, and taken back',
  // It stays empty for a moment: what may move has moved by then.
  holdMs: 10_000,
  aim: async (world) => {
    const name = await fullestNode(world);
    return {
      what: name,
      strike: async () => {
        const marked = { metadata: { annotations: { [mark]: 'drained' } } };
        await world.kubernetes.merge<Node>(node(name), marked);
        const flags = ['--ignore-daemonsets', '--delete-emptydir-data', '--force'];
        const args = ['drain', name, ...flags, `--timeout=${patience}s`];
        try {
          await world.kubectl(args, { timeout: (patience + 15) * 1000 });
          return undefined;
        } catch (error) {
          const said = error instanceof Error ? error.message.split('\n').at(-1)?.trim() : '';
          return `not emptied in ${patience} s: ${said ?? ''}`;
        }
      },
      absent: ({ spec }) => spec?.nodeName === name,
    };
  },
  heal: async (world) => {
    for (const { metadata } of await marked(world))
      await world.kubernetes.merge(node(metadata.name), {
        metadata: { annotations: { [mark]: null } },
        spec: { unschedulable: null },
      });
  },
};

async function marked({ kubernetes }: World): Promise<Node[]> {
  const nodes = await kubernetes.list<Node>({ apiVersion: 'v1', kind: 'Node' });
  return nodes.filter(({ metadata }) => metadata.annotations?.[mark] !== undefined);
}
