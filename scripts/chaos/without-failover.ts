/**
 * The cluster with failover switched off, as anyone may have it: its Trigger takes no event, and the Lease that
 * a pass needs is held, so that whoever calls it directly is put off. Both are undone; a Lease ends by itself.
 */
import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { withLease } from '../../functions/lib/kubernetes/lease.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { sendToBroker } from '../cli/broker.ts';
import type { World } from './world.ts';

interface Trigger extends KubernetesObject {
  spec?: { filter?: { attributes?: Record<string, string> } };
}

const triggerOf = ({ network }: World) => ({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  namespace: network.metadata.namespace,
  name: 'failover',
});

/** What events say that its Trigger takes, and what none says. The Broker looks at no other kind of filter. */
const [wakesFailover, wakesNobody] = ['failover', 'nobody'];

const taking = (wakes: string) => ({ spec: { filter: { attributes: { wakes } } } });

export async function withoutFailover<T>(world: World, work: () => Promise<T>): Promise<T> {
  try {
    await world.kubernetes.merge<Trigger>(triggerOf(world), taking(wakesNobody));
    return await holding(world, work);
  } finally {
    await restoreFailover(world);
  }
}

/** Does the work while no pass of failover can begin. */
async function holding<T>({ kubernetes, network }: World, work: () => Promise<T>): Promise<T> {
  const over = Promise.withResolvers<undefined>();
  let held: Promise<unknown> = Promise.resolve();
  const lease = {
    kubernetes,
    metadata: { name: 'failover', namespace: network.metadata.namespace },
    holder: `chaos-${randomUUID()}`,
    log: createLogger('chaos'),
    now: () => new Date(),
  };
  await until({ what: 'the pass of failover to end', timeoutMs: 120_000 }, () => {
    const begun = Promise.withResolvers<true>();
    held = withLease(lease, () => {
      begun.resolve(true);
      return over.promise;
    });
    held.catch(begun.reject);
    return begun.promise;
  });
  try {
    return await work();
  } finally {
    over.resolve(undefined);
    await held;
  }
}

/** Switches failover on again, in whatever run it was switched off, and has it look. */
export async function restoreFailover(world: World): Promise<void> {
  const { kubernetes, http, network } = world;
  const trigger = await kubernetes.get<Trigger>(triggerOf(world));
  if (trigger?.spec?.filter?.attributes?.['wakes'] !== wakesNobody) return;
  await kubernetes.merge<Trigger>(triggerOf(world), taking(wakesFailover));
  const event = {
    ...{ specversion: '1.0', id: randomUUID(), source: '/selvedge/chaos' },
    ...{ type: 'dev.selvedge.failover.restored.v1', wakes: wakesFailover },
  };
  await sendToBroker({ kubernetes, http }, network.metadata.namespace, event).catch(() => {
    world.say('failover could not be told to look; the clock wakes it within ten minutes');
  });
}
