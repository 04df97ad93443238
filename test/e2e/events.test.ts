import { createHash } from 'node:crypto';
import test from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes.ts';
import {
  command,
  eventually,
  fresh,
  isReady,
  kubeconfig,
  kubernetes,
  namespace,
  network,
  pods,
  user,
} from './cluster.ts';

interface Deployment extends KubernetesObject {
  spec: { template: { spec: { containers: { image: string }[] } } };
}

/** An image with Node in it: the gateway's. */
async function nodeImage(): Promise<string> {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'gateway' };
  const found = await kubernetes.get<Deployment>(ref);
  return found!.spec.template.spec.containers[0]!.image;
}

/** A pod of another workload, in a namespace where users live. */
async function workload(name: string, script: string, args: string[] = []): Promise<void> {
  await kubernetes.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
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
  } as KubernetesObject);
}

async function logs(pod: string): Promise<string> {
  const args = ['--kubeconfig', kubeconfig, 'logs', '-n', namespace, pod];
  return (await command('.selvedge/bin/kubectl', args)).toString();
}

const subscriber = `
require('node:http').createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    console.log(JSON.stringify({ type: request.headers['ce-type'], subject: request.headers['ce-subject'], body }));
    response.writeHead(204).end();
  });
}).listen(8080);
`;

const caller = `
const [url, token, key, body] = process.argv.slice(1);
fetch(url, {
  method: 'POST',
  headers: {
    'ce-specversion': '1.0', 'ce-type': 'dev.selvedge.data.put.v1', 'ce-source': '/test', 'ce-id': key,
    'ce-network': '${network}', 'ce-key': key, 'content-type': 'application/json', authorization: 'Bearer ' + token,
  },
  body,
}).then(async (response) => console.log(response.status + ' ' + (await response.text())));
`;

test.serial(
  'a pod puts by sending the CloudEvent itself, and a subscriber hears of it',
  async (t) => {
    const [listener, sender, key] = [fresh('listener'), fresh('sender'), fresh('event')];
    await workload(listener, subscriber);
    await kubernetes.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: listener, namespace },
      spec: { selector: { app: listener }, ports: [{ port: 80, targetPort: 8080 }] },
    } as KubernetesObject);
    const trigger = {
      apiVersion: 'eventing.knative.dev/v1',
      kind: 'Trigger',
      metadata: { name: listener, namespace },
      spec: {
        broker: 'default',
        filters: [{ prefix: { type: 'dev.selvedge.' } }],
        subscriber: { ref: { apiVersion: 'v1', kind: 'Service', name: listener } },
      },
    };
    await kubernetes.apply(trigger as KubernetesObject);
    try {
      await eventually('the subscriber is ready', 60, async () =>
        isReady((await pods(`app=${listener}`))[0]!),
      );
      await eventually('the trigger is ready', 60, async () => {
        const found = await kubernetes.get<
          KubernetesObject & { status?: { conditions?: { type: string; status: string }[] } }
        >({
          apiVersion: trigger.apiVersion,
          kind: trigger.kind,
          namespace,
          name: listener,
        });
        return found?.status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
      });
      const alice = await user('alice');
      const body = JSON.stringify({ told: fresh('by-event') });
      await workload(sender, caller, [
        'http://data-put.selvedge.svc.cluster.local',
        alice.token,
        key,
        body,
      ]);
      const answer = await eventually('the function answers', 90, async () => await logs(sender));
      t.regex(answer, /^201 /);
      t.is(Buffer.from(await alice.get(key)).toString(), body);
      t.true((await alice.verify(key)).verified);

      const heard = await eventually('the subscriber hears of it', 60, async () =>
        (await logs(listener)).split('\n').find((line) => line.includes(key)),
      );
      const event = JSON.parse(heard) as { type: string; body: string };
      t.is(event.type, 'dev.selvedge.data.stored.v1');
      t.notRegex(event.body, new RegExp(createHash('sha256').update(body).digest('hex')));
      t.false(heard.includes('by-event'));
    } finally {
      for (const [version, of] of [
        ['v1', 'Pod'],
        ['v1', 'Service'],
        ['eventing.knative.dev/v1', 'Trigger'],
      ] as const) {
        await kubernetes.remove({ apiVersion: version, kind: of, namespace, name: listener });
      }
      await kubernetes.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name: sender });
    }
  },
);
