import test, { type ExecutionContext } from 'ava';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { storageNamespace } from '../../../functions/lib/tiers.ts';
import { until } from '../../../functions/lib/until.ts';
import { isReady, kubernetes, pods, type Pod } from '../cluster.ts';

const namespace = storageNamespace;
const vault = (): Promise<Pod[]> => pods('selvedge.dev/tier=vault', namespace);
const failover = 'serving.knative.dev/service=failover';

interface Event extends KubernetesObject {
  reason?: string;
  message?: string;
  involvedObject?: { uid?: string };
}

/** Deletes the pods and waits for those that take their names. */
async function replaced(t: ExecutionContext, members: Pod[]): Promise<Pod[]> {
  const start = performance.now();
  for (const { metadata } of members) {
    await kubernetes.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name: metadata.name });
  }
  const old = new Set(members.map(({ metadata }) => metadata.uid));
  const back = await until(
    { what: 'all members to be ready again', timeoutMs: 120_000, mostMs: 250 },
    async () => {
      const found = await vault();
      const renewed = found.every((pod) => isReady(pod) && !old.has(pod.metadata.uid));
      return found.length >= 3 && renewed && found;
    },
  );
  t.log(`unsealed ${((performance.now() - start) / 1000).toFixed(1)} s after being deleted`);
  return back;
}

/** What failover told of a pod. */
async function told(pod: Pod): Promise<string[]> {
  const events = await kubernetes.list<Event>({ apiVersion: 'v1', kind: 'Event', namespace });
  return events
    .filter(({ reason, involvedObject }) => {
      return reason === 'Failover' && involvedObject?.uid === pod.metadata.uid;
    })
    .map(({ message = '' }) => message);
}

/** A try may come before the member answers, and is told as one that failed. */
async function isTold(t: ExecutionContext, members: Pod[]): Promise<void> {
  for (const member of members) {
    const { name } = member.metadata;
    const lines = await until({ what: `a record of ${name}`, timeoutMs: 30_000 }, async () => {
      const found = await told(member);
      return found.some((line) => line.startsWith('unseal succeeded')) && found;
    });
    t.true(lines.every((line) => line.includes('because it is sealed')));
  }
}

test.serial('a Vault member that restarted sealed is unsealed by failover', async (t) => {
  await until(
    { what: 'failover to sleep', timeoutMs: 240_000 },
    async () => (await pods(failover)).length === 0,
  );
  const [member] = await vault();
  const back = await replaced(t, [member!]);
  t.true((await pods(failover)).length > 0, 'the unready pod woke it');
  await isTold(
    t,
    back.filter(({ metadata }) => metadata.name === member!.metadata.name),
  );
});

test.serial('a Vault that lost every pod is unsealed too', async (t) => {
  await isTold(t, await replaced(t, await vault()));
});
