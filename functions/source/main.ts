/**
 * Kubernetes as a source of events: tells the Broker which network, workload, member or node changed in a way that
 * somebody acts on. Knative's ApiServerSource starts anew with every namespace that is made, tells nothing of what
 * happened meanwhile, and tries once; this one begins with everything that is not at rest, and tries until it is heard.
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { SelvedgeError } from '../lib/errors.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { withLease } from '../lib/kubernetes/lease.ts';
import { createLogger } from '../lib/log.ts';
import { apiVersion, kind, labels } from '../lib/network.ts';
import { storageNamespace, tierLabel, volumesNamespace } from '../lib/tiers.ts';
import { follow, type Followed } from './follow.ts';
import { createTeller } from './teller.ts';

const env = readEnv({
  PORT: settings.PORT,
  NAMESPACE: settings.NAMESPACE,
  BROKER_URL: settings.BROKER_URL,
});
const namespace = env.NAMESPACE;
const log = createLogger('source');
const kubernetes = connectKubernetes();
const broker = connectBroker(env.BROKER_URL);

const networks = { labelSelector: labels.network, wakes: 'provisioning' };
const members = { labelSelector: tierLabel, wakes: 'failover' };
const itself = { labelSelector: 'app.kubernetes.io/name=provisioning', wakes: 'provisioning' };
const pods = { apiVersion: 'v1', kind: 'Pod' };
const everything: readonly Followed[] = [
  { of: { apiVersion, kind, namespace }, wakes: 'provisioning' },
  // Not their pods: each would wake many times, while its owner tells of the same in one or two changes.
  { of: { apiVersion: 'apps/v1', kind: 'StatefulSet' }, ...networks },
  { of: { apiVersion: 'apps/v1', kind: 'Deployment' }, ...networks },
  // Another version of it makes networks otherwise: it looks at all that there are.
  { of: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', namespace }, ...itself },
  { of: { ...pods, namespace: storageNamespace }, ...members },
  { of: { ...pods, namespace: volumesNamespace }, ...members },
  { of: { apiVersion: 'v1', kind: 'Node' }, wakes: 'failover' },
];

/** One of the replicas tells; the others wait for its Lease. */
async function tellWhile(ending: AbortSignal): Promise<void> {
  const metadata = {
    name: 'source',
    namespace,
    labels: { 'app.kubernetes.io/part-of': 'selvedge' },
  };
  const lease = {
    kubernetes,
    metadata,
    holder: hostname(),
    seconds: 10,
    log,
    now: () => new Date(),
  };
  await withLease(lease, async (lost) => {
    const signal = AbortSignal.any([lost, ending]);
    const tell = createTeller({ broker, log, signal });
    log.info('telling');
    await Promise.all(everything.map((one) => follow(one, { kubernetes, tell, log, signal })));
  });
}

const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
serve(functionApp({ endpoints: {}, log }), { port: env.PORT, log });
while (!ending.signal.aborted) {
  try {
    await tellWhile(ending.signal);
  } catch (error) {
    if (!(error instanceof SelvedgeError)) throw error;
    log.debug({ error }, 'another one tells');
  }
  await delay(1_000, undefined, { signal: ending.signal }).catch(() => undefined);
}
