import test from 'ava';
import type { KubernetesObject } from '../../../../functions/lib/kubernetes/client.ts';
import { reconcile } from '../../../../functions/provisioning/reconcile.ts';
import { decideRollout, type Version } from '../../../../functions/provisioning/steps/rollout.ts';
import { createWorld, id, type World } from '../world.ts';

/** `a` is ready, `A` ready and outdated, `-a` not ready, `-A` neither. */
const members = (text: string): Version[] =>
  text.split(' ').map((word) => ({
    name: word.replace('-', '').toLowerCase(),
    ready: !word.startsWith('-'),
    outdated: /[A-Z]/.test(word),
  }));

const table: [sentence: string, members: string, agreed: boolean, next: string | undefined][] = [
  ['nothing is outdated', 'a b c', true, undefined],
  ['all are ready and agree', 'A B C', true, 'a'],
  ['the first is new', 'a B C', true, 'b'],
  ['they do not agree yet', 'a B C', false, undefined],
  ['the new one is not ready', '-a B C', true, undefined],
  ['an old one is not ready: it goes first', 'A B -C', false, 'c'],
  ['an old one and the new one are not ready', '-a B -C', true, undefined],
];
for (const [sentence, given, agreed, next] of table) {
  test(`${sentence}: ${next ?? 'wait'}`, (t) => {
    t.is(decideRollout(members(given), agreed), next);
  });
}

const revision = 'controller-revision-hash';

/** Plays StatefulSets with a new revision: a pod that is removed comes back as that. */
function outdate(world: World): { away: string[]; most: number } {
  const { kubernetes } = world;
  const seen = { away: [] as string[], most: 0 };
  for (const set of kubernetes.all('StatefulSet')) {
    void kubernetes.applyStatus({
      ...set,
      status: { ...(set.status as object), updateRevision: 'new' },
    });
  }
  const pods = kubernetes.all('Pod').filter((pod) => !pod.metadata.labels?.['selvedge.dev/peer']);
  for (const pod of pods) void kubernetes.apply(labelled(pod, 'old'));
  const remove = kubernetes.remove.bind(kubernetes);
  let away = 0;
  kubernetes.remove = async (ref) => {
    const pod = kubernetes.all('Pod').find(({ metadata }) => metadata.name === ref.name);
    await remove(ref);
    if (ref.kind !== 'Pod' || !pod) return;
    seen.away.push(ref.name);
    seen.most = Math.max(seen.most, ++away);
    setTimeout(() => {
      away -= 1;
      void kubernetes.apply(labelled(pod, 'new'));
    }, 300);
  };
  return seen;
}

const labelled = <T extends KubernetesObject>(pod: T, value: string): T => ({
  ...pod,
  metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [revision]: value } },
});

test('every member is restarted for a new version, one at a time, orderers first', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const seen = outdate(world);
  await reconcile(world.clients, id);
  t.is(seen.away.length, 7);
  t.is(seen.most, 1);
  t.true(seen.away.slice(0, 3).every((name) => name.includes('orderer')));
});

test('no member is restarted while an orderer knows of no leader', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  world.fabric.strays.add([...world.fabric.orderers.keys()][1]!);
  const seen = outdate(world);
  const error = await t.throwsAsync(reconcile(world.clients, id, AbortSignal.timeout(300)));
  t.regex(error.message, /^rollout: waiting for the restart of .*one at a time, a leader of goods/);
  t.deepEqual(seen.away, []);
});
