/**
 * What becomes of our manifests of the Broker, asked of a real API server: by Knative's controller as we complete it,
 * and by the topology operator with the rights that it has.
 */
import test from 'ava';

import { until } from '../../functions/lib/until.ts';
import { readiness, type Workload } from '../../scripts/cli/readiness.ts';
import { Knative } from './broker/knative.ts';

interface Deployment {
  spec: {
    replicas: number;
    template: { metadata: { labels: Record<string, string> }; spec: object };
  };
}
interface Budget {
  spec: { selector: { matchLabels: Record<string, string> } };
}

let knative: Knative;

test.before(async (t) => {
  t.timeout(295_000);
  knative = await Knative.start();
  await knative.prepare();
  await knative.applyOwn('namespaces');
  const { api, rabbitmq } = knative;
  const connection = { uri: rabbitmq.url, username: 'knative', password: 'secret', port: '5671' };
  const metadata = { namespace: 'selvedge' };
  await knative.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, name: 'default' } },
    {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: { ...metadata, name: 'rabbitmq-connection' },
      stringData: { ...connection, caSecretName: 'rabbitmq-ca' },
    },
    // Nobody counts the pods of a Service here.
    {
      ...{ apiVersion: 'v1', kind: 'Endpoints' },
      metadata: {
        ...{ ...metadata, name: 'default-broker-ingress' },
        labels: { 'eventing.knative.dev/broker': 'default' },
      },
      subsets: [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ port: 8080 }] }],
    },
  ]);
  for (const name of ['failover', 'data-put']) {
    await knative.applyOwn(`${name}/service.yaml`);
    const address = { url: `http://${name}.selvedge.svc.cluster.local` };
    const patch = JSON.stringify({ status: { address } });
    const service = [`services.serving.knative.dev/${name}`, '--namespace=selvedge'];
    const how = ['--subresource=status', '--type=merge', '--patch', patch];
    await api.kubectl(['patch', ...service, ...how]);
  }
  await knative.applyOwn('broker');
  await knative.applyOwn('data-put/trigger.yaml');
  await knative.run();
});
test.after.always(() => knative.stop());

/** As `selvedge install` waits for it. */
async function ready(kind: string, name: string): Promise<void> {
  const what = `the ${kind} ${name} to be ready`;
  await until({ what, timeoutMs: 120_000, mostMs: 1000 }, async () => {
    return readiness(await knative.get<Workload>(kind, name)).ready;
  });
}

/** The names of all that RabbitMQ was asked to make of a kind, with what was said of each. */
const made = (what: string): [string, Record<string, unknown>][] =>
  [...knative.rabbitmq.asked]
    .filter(([asked]) => asked.startsWith(`PUT ${what}/`))
    .map(([asked, said]) => [asked.slice(asked.indexOf('/') + 1), said as Record<string, unknown>]);

test.serial('the Broker and a Trigger become ready', async (t) => {
  t.timeout(250_000);
  await ready('broker', 'default');
  await ready('trigger', 'data-put');
  t.pass();
});

test.serial('RabbitMQ was asked for quorum queues that last, and dead letters of each', (t) => {
  const queues = made('queues');
  t.is(queues.length, 3);
  for (const [name, said] of queues)
    t.like(said, { durable: true, arguments: { 'x-queue-type': 'quorum' } }, name);
  t.is(made('exchanges').length, 3);
  t.is(made('policies').length, 2);
});

test.serial('the queue of a Trigger asks for what wakes its function', (t) => {
  const wanted = knative.rabbitmq.wanted.filter((one) => 'wakes' in one);
  t.deepEqual(
    wanted.map(({ wakes }) => wakes),
    ['data-put'],
  );
});

const replicas: Record<string, number> = {
  'default-broker-ingress': 2,
  'data-put-dispatcher': 2,
  'data-put-dlx-dispatcher': 1,
  'default-dlq-dispatcher': 1,
};
for (const [name, count] of Object.entries(replicas)) {
  test.serial(`${name} has ${count} pods, which pass «restricted»`, async (t) => {
    await until({ what: `${name} to be made`, timeoutMs: 60_000 }, async () => {
      return (await knative.get<Partial<Deployment>>('deployment', name)).spec !== undefined;
    });
    const { spec } = await knative.get<Deployment>('deployment', name);
    t.is(spec.replicas, count);
    const { metadata, spec: pod } = spec.template;
    const tried = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: pod };
    const create = ['create', '--namespace=selvedge', '--dry-run=server', '--filename=-'];
    await t.notThrowsAsync(knative.api.kubectl(create, JSON.stringify(tried)));
  });
}

test.serial('of the ingress and of dispatchers one stays while nodes are drained', async (t) => {
  for (const [budget, deployment] of [
    ['broker-ingress', 'default-broker-ingress'],
    ['broker-dispatchers', 'data-put-dispatcher'],
  ] as const) {
    const { selector } = (await knative.get<Budget>('pdb', budget)).spec;
    const { template } = (await knative.get<Deployment>('deployment', deployment)).spec;
    t.like(template.metadata.labels, selector.matchLabels, budget);
  }
});

test.serial(
  'a Trigger that asks for something else gets that, and no more what it had',
  async (t) => {
    const patch = JSON.stringify({ spec: { filter: { attributes: { wakes: 'nobody' } } } });
    const trigger = ['trigger', 'data-put', '--namespace=selvedge'];
    await knative.api.kubectl(['patch', ...trigger, '--type=merge', '--patch', patch]);
    await until({ what: 'RabbitMQ to be told', timeoutMs: 60_000 }, () => {
      const wanted = knative.rabbitmq.wanted.filter((one) => 'wakes' in one);
      return Promise.resolve(wanted.length === 1 && wanted[0]?.['wakes'] === 'nobody');
    });
    t.pass();
  },
);

test.serial('a queue that goes is taken out of RabbitMQ first', async (t) => {
  const [name] = made('queues').find(([queue]) => queue.includes('data-put'))!;
  // Its Trigger asks for it again at once, so its end is not waited for.
  const all = ['queues.rabbitmq.com', '--all', '--namespace=selvedge', '--wait=false'];
  await knative.api.kubectl(['delete', ...all]);
  await until({ what: 'RabbitMQ to be told', timeoutMs: 60_000 }, () =>
    Promise.resolve(knative.rabbitmq.asked.has(`DELETE queues/${name}`)),
  );
  t.pass();
});
