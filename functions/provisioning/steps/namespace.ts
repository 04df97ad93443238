import { Conflict, Forbidden, Unavailable } from '../../lib/errors.ts';
import { type KubernetesObject, refOf } from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import { until } from '../../lib/until.ts';
import type { Pass } from '../pass.ts';
import { namespaceOf } from '../resources/namespace.ts';
import { functionRights } from '../resources/rights.ts';
import { networkPolicies } from '../resources/policies.ts';
import { Refused } from '../fault.ts';
import { done, type Step } from './step.ts';

/** The namespace of the network's own, which everything else is made in. */
export const namespace: Step = {
  name: 'namespace',
  after: [],
  async run(pass) {
    const wanted = namespaceOf(pass.plan);
    const { kubernetes } = pass.clients;
    const known = await kubernetes.get(refOf(wanted));
    if (known) refuseOthers(pass, known);
    // Made only where there is none: to apply would take over what came in between.
    pass.settle(known ? await kubernetes.apply(wanted) : await make(pass, wanted));
    await pass.apply(functionRights(pass.plan));
    await rightsToHold(pass);
    // Before there are pods, which they are to protect from their first moment.
    await pass.apply(networkPolicies(pass.plan));
    return done;
  },
};

/** An API server grants what a RoleBinding says a moment after it has stored it. */
async function rightsToHold({ clients, plan, signal }: Pass): Promise<void> {
  const { namespace } = plan.id;
  await until(
    {
      what: `our rights in ${namespace}`,
      timeoutMs: 15_000,
      firstMs: 50,
      signal,
      final: (error) => !(error instanceof Forbidden),
    },
    async () => clients.kubernetes.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace }),
  );
}

function refuseOthers(pass: Pass, { metadata }: KubernetesObject): void {
  const { name, deletionTimestamp } = metadata;
  if (deletionTimestamp) throw new Unavailable(`the namespace ${name} is being removed`);
  if (metadata.labels?.[labels.uid] === pass.plan.id.uid) return;
  throw new Refused({
    reason: 'NamespaceTaken',
    message:
      `there is a namespace ${name} that is not of this network: ` +
      'remove it, or give the network another name',
  });
}

async function make(pass: Pass, wanted: KubernetesObject): Promise<KubernetesObject> {
  try {
    return await pass.clients.kubernetes.create(wanted);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    throw new Unavailable(`the namespace ${wanted.metadata.name} was made by another meanwhile`);
  }
}
