import { setTimeout as delay } from 'node:timers/promises';
import type { Kubernetes, KubernetesObject } from '../../lib/kubernetes/client.ts';
import { lacking } from '../agreement.ts';
import { crowded, movable, type Node, type Volume } from '../crowding.ts';
import { listPods, membersOf, type Pod } from '../members.ts';
import type { Pass } from '../pass.ts';
import { selectorOf } from '../resources/names.ts';
import { done, type Step, unless } from './step.ts';

/** How a member's pod stands to what is wanted of it now. */
export interface Version {
  name: string;
  ready: boolean;
  /** Made from an earlier template, or beside another of its kind while a node has none. */
  outdated: boolean;
}

/**
 * The member whose pod is to be made anew, or undefined to wait. One that is not ready is of no
 * use as it is, so it comes first; but while one that is new does not get ready, nothing is
 * touched: it may be the new version that does not work.
 *
 * @param agreed whether every channel works with the members there are
 */
export function decideRollout(members: readonly Version[], agreed: boolean): string | undefined {
  const down = members.filter(({ ready }) => !ready);
  if (down.some(({ outdated }) => !outdated)) return undefined;
  if (down.length > 0) return down[0]?.name;
  return agreed ? members.find(({ outdated }) => outdated)?.name : undefined;
}

/** Milliseconds between two looks at a member that comes back. */
const pauseMs = 1_000;

/**
 * Pods made anew where what they are made from has changed, or where they would stand better: one at
 * a time over the whole network, orderers first, the next when the one before is ready and every
 * channel agrees again.
 */
export const rollout: Step = {
  name: 'rollout',
  after: ['orderers', 'peers', 'channels', 'joins'],
  async run(pass) {
    for (;;) {
      const members = await versions(pass);
      const outdated = members.filter((member) => member.outdated);
      if (outdated.length === 0) return done;
      // Every orderer must take part: beside the one that is restarted no other may be away.
      const missing = await lacking(pass, pass.plan.spec.consensus.orderers);
      const next = decideRollout(members, missing.length === 0);
      if (next !== undefined) await renew(pass, next);
      if (!(await paused(pass))) {
        const names = outdated.map(({ name }) => name).join(', ');
        const open = [`the restart of ${names}, one at a time`, ...missing];
        // A pod that becomes ready sends an event, which wakes the next pass; members that are
        // ready and do not agree yet send none, so this pass has to be repeated.
        return members.every(({ ready }) => ready) ? unless([], open) : unless(open);
      }
    }
  },
};

async function renew(pass: Pass, name: string): Promise<void> {
  pass.signal.throwIfAborted();
  pass.clients.log.info(
    { member: name },
    'restarted for what it is made from, or where it is placed, now',
  );
  const { namespace } = pass.plan.id;
  await pass.clients.kubernetes.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name });
}

/** Waits a little; false when the pass is to wait no longer. */
async function paused({ patience }: Pass): Promise<boolean> {
  if (patience.aborted) return false;
  await delay(pauseMs, undefined, { signal: patience }).catch(() => undefined);
  return !patience.aborted;
}

type StatefulSet = KubernetesObject & {
  status?: { observedGeneration?: number; updateRevision?: string };
};

/** Kubernetes' label for the revision of a StatefulSet that a pod was made from. */
const revisionLabel = 'controller-revision-hash';

async function versions({ clients: { kubernetes }, plan }: Pass): Promise<Version[]> {
  const { namespace } = plan.id;
  const [sets, pods] = await Promise.all([
    kubernetes.list<StatefulSet>(
      { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace },
      selectorOf(plan.id),
    ),
    listPods(kubernetes, plan),
  ]);
  const wanted = new Set(sets.map(({ status }) => status?.updateRevision));
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const all = [...membersOf(plan, 'orderer', pods), ...membersOf(plan, 'peer', pods)];
  const own = all.flatMap(({ name }) => byName.get(name) ?? []);
  const misplaced = await misplacedOf(kubernetes, own);
  return all.map(({ name, ready }) => {
    const outdated = isOutdated(byName.get(name), wanted) || misplaced.has(name);
    return { name, ready, outdated };
  });
}

/** The names of those that would stand better elsewhere and can go there. */
async function misplacedOf(
  kubernetes: Kubernetes,
  members: readonly Pod[],
): Promise<ReadonlySet<string>> {
  const nodes = await kubernetes.list<Node>({ apiVersion: 'v1', kind: 'Node' });
  const better = crowded(members, nodes);
  if (better.length === 0) return new Set();
  const volumes = await kubernetes.list<Volume>({ apiVersion: 'v1', kind: 'PersistentVolume' });
  return new Set(movable(better, volumes).map(({ metadata }) => metadata.name));
}

/** The name of a revision begins with that of its StatefulSet: no other set wants the same. */
function isOutdated(pod: Pod | undefined, wanted: ReadonlySet<string | undefined>): boolean {
  const revision = pod?.metadata.labels?.[revisionLabel];
  if (!pod || revision === undefined || pod.metadata.deletionTimestamp) return false;
  return !wanted.has(revision);
}
