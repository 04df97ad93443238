import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  dataUsers,
  memberAddresses,
  memberHosts,
  storageNamespace,
  storeSecret,
  tierNames,
  tiers,
} from '../../functions/lib/tiers.ts';
import { manifests, ofKind, type Manifest } from './manifests.ts';

interface StatefulSet extends Manifest {
  spec: {
    replicas: number;
    serviceName: string;
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: {
          image: string;
          args: string[];
          env: { name: string; value?: string }[];
          ports: { containerPort: number }[];
        }[];
      };
    };
  };
}

interface Service extends Manifest {
  spec: {
    clusterIP?: string;
    publishNotReadyAddresses?: boolean;
    ports: { port: number }[];
    selector: Record<string, string>;
  };
}

const statefulSet = (name: string): StatefulSet =>
  ofKind<StatefulSet>('StatefulSet').find(({ metadata }) => metadata.name === name)!;
const service = (name: string): Service =>
  ofKind<Service>('Service').find(({ metadata }) => metadata.name === name)!;

test('every StatefulSet of the manifests is a tier of the table', (t) => {
  const names = ofKind('StatefulSet').map(({ metadata }) => metadata.name);
  t.deepEqual(names.sort(), [...tierNames].sort());
});

for (const name of tierNames) {
  const tier = tiers[name];

  test(`${name} has the members, the image and the port of the table`, (t) => {
    const { metadata, spec } = statefulSet(name);
    t.is(metadata.namespace, storageNamespace);
    t.is(spec.replicas, tier.members);
    t.is(spec.serviceName, tier.internal);
    t.is(spec.template.metadata.labels['selvedge.dev/tier'], name);
    const [container] = spec.template.spec.containers;
    t.is(container?.image, `selvedge/${name}`);
    t.true(container?.ports.some(({ containerPort }) => containerPort === tier.port));
  });

  test(`${name} is reached as the table says`, (t) => {
    const internal = service(tier.internal);
    t.is(internal.spec.clusterIP, 'None');
    t.true(internal.spec.publishNotReadyAddresses);
    for (const one of [internal, service(tier.service)]) {
      t.is(one.metadata.namespace, storageNamespace);
      t.deepEqual(one.spec.selector, { 'app.kubernetes.io/name': name });
      t.true(one.spec.ports.some(({ port }) => port === tier.port));
    }
  });
}

test('the members know each other by the hosts of the table', (t) => {
  const args = (name: string): string =>
    statefulSet(name).spec.template.spec.containers[0]!.args.join(' ');
  const etcd = memberHosts('etcd').map((host, n) => `etcd-${n}=https://${host}:2380`);
  t.true(args('etcd').includes(`--initial-cluster=${etcd.join(',')}`));
  const [first = ''] = memberHosts('minio');
  const range = first.replace('minio-0', `minio-{0...${tiers.minio.members - 1}}`);
  t.true(args('minio').includes(`https://${range}:${tiers.minio.port}/`));
  const { env } = statefulSet('rabbitmq').spec.template.spec.containers[0]!;
  const told = (name: string) => env.find((one) => one.name === name)?.value;
  t.is(told('MEMBERS'), memberHosts('rabbitmq').join(','));
  t.is(told('MEMBER'), memberHosts('rabbitmq')[0]!.replace('rabbitmq-0', '$(POD_NAME)'));
  const config = join(import.meta.dirname, '../../knative/components/vault/config.hcl');
  const joins = [...readFileSync(config, 'utf8').matchAll(/leader_api_addr\s*=\s*"([^"]+)"/g)];
  t.deepEqual(
    joins.map(([, address]) => address),
    memberAddresses('vault'),
  );
});

test('the functions are told the addresses of the table', (t) => {
  const known: Record<string, string> = {
    ETCD_ENDPOINTS: memberAddresses('etcd').join(','),
    MINIO_ENDPOINTS: memberAddresses('minio').join(','),
    VAULT_ENDPOINTS: memberAddresses('vault').join(','),
    VAULT_MEMBERS: memberAddresses('vault')[0]!.replace('vault-0', '{pod}'),
    // As Knative names the Service of a Broker on RabbitMQ.
    BROKER_URL: 'http://default-broker-ingress.selvedge.svc.cluster.local',
  };
  let seen = 0;
  for (const { file, ...object } of manifests()) {
    for (const { name, value } of environment(object)) {
      if (known[name] === undefined) continue;
      t.is(value, known[name], `${file}: ${name}`);
      seen++;
    }
  }
  t.true(seen >= 12);
});

test('a function is told of no credentials but its own', (t) => {
  for (const user of dataUsers) {
    const workload = ofKind('Service').find(({ file }) => file === `base/${user}/service.yaml`);
    const secrets = [...JSON.stringify(workload).matchAll(/"secretName":"([^"]+)"/g)];
    t.deepEqual(
      secrets.map(([, name]) => name),
      [`etcd-client-${user}`, storeSecret(user)],
    );
  }
});

test('provisioning, failover and the gateway are given no Secret at all', (t) => {
  const workloads = ofKind('Service', 'Deployment').filter(({ file }) =>
    /^base\/(provisioning|failover|gateway)\//.test(file),
  );
  t.true(workloads.length >= 3);
  for (const workload of workloads) t.notRegex(JSON.stringify(workload), /secretName|secretKeyRef/);
});

/** Every `{ name, value }` in an object. */
function environment(object: unknown): { name: string; value: string }[] {
  if (typeof object !== 'object' || object === null) return [];
  const { name, value } = object as Record<string, unknown>;
  const own = typeof name === 'string' && typeof value === 'string' ? [{ name, value }] : [];
  return [...own, ...Object.values(object).flatMap(environment)];
}
