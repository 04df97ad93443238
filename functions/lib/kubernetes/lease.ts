import { Conflict, NotFound, Unavailable } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Kubernetes, KubernetesObject, LeaseSpec, Metadata } from './client.ts';

export type Lease = KubernetesObject & { spec?: LeaseSpec };

export interface LeaseOptions {
  kubernetes: Kubernetes;
  /** Name, namespace, labels and owner of the Lease. */
  metadata: Metadata;
  /** Who we are: unique among all that may want the Lease. */
  holder: string;
  /** A holder that has not renewed for this long is taken for dead. */
  seconds?: number;
  log: Logger;
  now: () => Date;
}

/**
 * Does `work` while holding a Lease (coordination.k8s.io/v1), so that nobody else does it.
 * Clocks are not compared: a holder is dead when its Lease did not change while we looked for the
 * whole duration. `work`'s signal is aborted when the Lease is lost.
 *
 * @throws Unavailable when someone else holds it and is alive
 */
export async function withLease<T>(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let held = await acquire(options);
  const lost = new AbortController();
  const { seconds = 15, log, kubernetes } = options;
  const renew = async (): Promise<void> => {
    try {
      held = await kubernetes.replace(taken(options, held));
    } catch (error) {
      if (error instanceof Unavailable) log.warn({ error }, 'lease not renewed yet');
      else lost.abort(new Unavailable('the lease was lost', { cause: error }));
    }
  };
  let renewing = Promise.resolve();
  const timer = setInterval(
    () => {
      renewing = renewing.then(renew);
    },
    (seconds * 1000) / 3,
  );
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    await renewing;
    if (!lost.signal.aborted) await release(options, held);
  }
}

async function acquire(options: LeaseOptions): Promise<Lease> {
  const { kubernetes, metadata } = options;
  const { name, namespace } = metadata;
  const known = await kubernetes.get<Lease>({ ...kind, name, namespace });
  try {
    if (!known) return await kubernetes.create(taken(options, { ...kind, metadata }));
    const free = !known.spec?.holderIdentity || known.spec.holderIdentity === options.holder;
    if (!free) await outlast(options, known);
    return await kubernetes.replace(taken(options, known));
  } catch (error) {
    if (error instanceof Conflict)
      throw new Unavailable('another pass came first', { cause: error });
    throw error;
  }
}

const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };

/** Returns when the Lease stayed as it is for its whole duration: its holder is dead. */
async function outlast({ kubernetes, seconds = 15 }: LeaseOptions, known: Lease): Promise<void> {
  const { name, namespace, resourceVersion } = known.metadata;
  const signal = AbortSignal.timeout((known.spec?.leaseDurationSeconds ?? seconds) * 1000);
  // Not from the known version on: of a Lease long unchanged that history may be compacted.
  const options = { fieldSelector: `metadata.name=${name}`, signal };
  while (!signal.aborted) {
    for await (const { type, object } of kubernetes.watch({ ...kind, namespace }, options)) {
      const same = type === 'ADDED' && object.metadata.resourceVersion === resourceVersion;
      if (!same && type !== 'BOOKMARK') throw new Unavailable('another pass is under way');
    }
  }
}

function taken({ holder, seconds = 15, now }: LeaseOptions, lease: Lease): Lease {
  // Kubernetes' MicroTime wants six digits.
  const time = now().toISOString().replace('Z', '000Z');
  const mine = lease.spec?.holderIdentity === holder;
  return {
    ...lease,
    spec: {
      ...lease.spec,
      holderIdentity: holder,
      leaseDurationSeconds: seconds,
      renewTime: time,
      acquireTime: mine ? (lease.spec?.acquireTime ?? time) : time,
      leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1),
    },
  };
}

/** A Lease that is gone, or another's by now, needs no release. */
async function release({ kubernetes, log }: LeaseOptions, held: Lease): Promise<void> {
  try {
    await kubernetes.replace({ ...held, spec: { ...held.spec, holderIdentity: '' } });
  } catch (error) {
    if (error instanceof NotFound || error instanceof Conflict) return;
    log.warn({ error }, 'lease not released; it ends by itself');
  }
}
