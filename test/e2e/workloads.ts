/**
 * Workloads beside Selvedge in the cluster, in a namespace of their own: a pod that runs a script, and a
 * subscriber.
 */
import type { ExecutionContext } from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { until } from '../../functions/lib/until.ts';
import { sendToBroker } from '../../scripts/cli/broker.ts';
import { connectHttp } from '../../scripts/cli/target.ts';
import {
  command,
  fresh,
  isReady,
  kubeconfig,
  kubernetes,
  namespace as home,
  pods,
} from './cluster.ts';

/** The namespace of other people's workloads. */
export const namespace = 'workloads';

interface Conditioned extends KubernetesObject {
  status?: { conditions?: { type: string; status: string }[] };
}

/** What a subscriber was told: the attributes it looks at, and the data. */
export interface Told {
  type: string;
  subject: string;
  body: string;
}

/** An image with Node in it: the gateway's. */
async function nodeImage(): Promise<string> {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: home, name: 'gateway' };
  const found = await kubernetes.get<
    KubernetesObject & { spec: { template: { spec: { containers: { image: string }[] } } } }
  >(ref);
  return found!.spec.template.spec.containers[0]!.image;
}

interface PodOptions {
  /** Where it runs, and what it says it is. */
  namespace?: string;
  labels?: Record<string, string>;
  args?: string[];
}

/** Runs a script in a pod, until the test is over. */
export async function runPod(
  t: ExecutionContext,
  name: string,
  script: string,
  { namespace: where = namespace, labels = {}, args = [] }: PodOptions = {},
): Promise<void> {
  await kubernetes.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await make(t, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: where, labels: { app: name, ...labels } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'main',
          image: await nodeImage(),
          command: ['node', '-e', script, ...args],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
}

/** Script: calls again for 30 s while refused. A firewall learns of a new pod a moment after it runs. */
export const patient = `
const patient = (call, left = 60) => call().catch((error) => {
  if (left === 0) throw error;
  return new Promise((resolve) => setTimeout(resolve, 500)).then(() => patient(call, left - 1));
});
`;

/** What a pod printed. */
export async function logs(pod: string, where = namespace): Promise<string> {
  const args = ['--kubeconfig', kubeconfig, 'logs', '-n', where, pod];
  return (await command('.selvedge/bin/kubectl', args)).toString();
}

/** The type of events that subscribers refuse the first time, of each subject. */
export const refusedOnce = 'dev.selvedge.test.refused.v1';

const listen = `
const refusedOnce = '${refusedOnce}';
const known = new Set();
require('node:http').createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { 'ce-type': type, 'ce-subject': subject } = request.headers;
    const refused = type === refusedOnce && !known.has(subject);
    known.add(subject);
    if (!refused) console.log(JSON.stringify({ type, subject, body }));
    response.writeHead(refused ? 400 : 204).end(refused ? 'not today' : undefined);
  });
}).listen(8080);
`;

/**
 * Subscribes at the Broker to all that it takes, as any workload can: a pod, a Service and a Trigger.
 *
 * @returns gives all that was told so far
 */
export async function subscribe(t: ExecutionContext): Promise<() => Promise<Told[]>> {
  const name = fresh('listener');
  await runPod(t, name, listen);
  await make(t, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const trigger = { apiVersion: 'eventing.knative.dev/v1', kind: 'Trigger', namespace: home, name };
  await make(t, {
    apiVersion: trigger.apiVersion,
    kind: trigger.kind,
    metadata: { name, namespace: home },
    spec: {
      broker: 'default',
      subscriber: { ref: { apiVersion: 'v1', kind: 'Service', name, namespace } },
    },
  });
  await until({ what: 'the subscriber to be ready', timeoutMs: 60_000 }, async () =>
    isReady((await pods(`app=${name}`, namespace))[0]!),
  );
  await until({ what: 'the trigger to be ready', timeoutMs: 60_000 }, async () => {
    const conditions = (await kubernetes.get<Conditioned>(trigger))?.status?.conditions;
    return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  });
  const told = async (): Promise<Told[]> => {
    const lines = (await logs(name)).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Told);
  };
  await hears(name, told);
  return told;
}

/** A Trigger may call itself ready before all that carries its events knows of it: only what arrives shows it. */
async function hears(subject: string, told: () => Promise<Told[]>): Promise<void> {
  await until({ what: 'the subscriber to hear', timeoutMs: 60_000 }, async () => {
    await send({ type: 'dev.selvedge.test.greeted.v1', id: fresh('greeting'), subject });
    return (await told()).some((one) => one.subject === subject);
  });
}

/** Sends an event to the Broker, from outside the cluster. */
export async function send(event: { type: string; id: string; subject: string; data?: object }) {
  const http = connectHttp({ kubeconfig });
  const whole = { specversion: '1.0', source: '/test', datacontenttype: 'application/json' };
  await sendToBroker({ kubernetes, http }, home, { ...whole, ...event });
}

/** Makes an object that is gone again after the test. */
async function make(t: ExecutionContext, object: object): Promise<void> {
  const { apiVersion, kind, metadata } = await kubernetes.apply(object as KubernetesObject);
  const { name, namespace: of } = metadata;
  t.teardown(() => kubernetes.remove({ apiVersion, kind, namespace: of, name }));
}
