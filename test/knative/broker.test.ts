/** The Broker, and what it needs of the manifests beside it. */
import test from 'ava';
import { ofKind, type Manifest } from './manifests.ts';

interface Broker extends Manifest {
  metadata: Manifest['metadata'] & { annotations: Record<string, string> };
  spec: { config: { kind: string; name: string; namespace: string } };
}
interface Config extends Manifest {
  spec: {
    queueType: string;
    rabbitmqClusterReference: { namespace: string; connectionSecret: { name: string } };
  };
}
interface Trigger extends Manifest {
  metadata: Manifest['metadata'] & { annotations: Record<string, string> };
  spec: { filter?: { attributes: Record<string, string> }; filters?: unknown };
}
interface Policy extends Manifest {
  spec: {
    podSelector: { matchExpressions?: { key: string; values: string[] }[] };
    ingress?: { from?: { podSelector?: Policy['spec']['podSelector'] }[]; ports?: object[] }[];
  };
}

const [broker] = ofKind<Broker>('Broker');
const [config] = ofKind<Config>('RabbitmqBrokerConfig');
const triggers = ofKind<Trigger>('Trigger');

test('the Broker keeps what it accepts in quorum queues', (t) => {
  t.is(broker?.metadata.annotations['eventing.knative.dev/broker.class'], 'RabbitMQBroker');
  const { name, namespace } = config!.metadata;
  t.like(broker?.spec.config, { kind: 'RabbitmqBrokerConfig', name, namespace });
  t.is(config?.spec.queueType, 'quorum');
});

test('its connection is the one Secret that is read for it, where it is', (t) => {
  t.like(config?.spec.rabbitmqClusterReference, {
    namespace: config?.metadata.namespace,
    connectionSecret: { name: 'rabbitmq-connection' },
  });
});

test('a Trigger picks events by attributes: the newer filters are not looked at', (t) => {
  t.true(triggers.length >= 3);
  for (const { file, spec } of triggers) {
    t.true(Object.keys(spec.filter?.attributes ?? {}).length > 0, file);
    t.is(spec.filters, undefined, file);
  }
});

test('an event that is tried again for minutes keeps no other waiting', (t) => {
  for (const { file, metadata } of triggers) {
    const { annotations } = metadata;
    t.true(Number(annotations['rabbitmq.eventing.knative.dev/parallelism']) > 1, file);
  }
});

test('every pod of the Broker reaches RabbitMQ, and is let in there', (t) => {
  const roles = ['ingress', 'dispatcher', 'dispatcher-dlq'];
  const policies = ofKind<Policy>('NetworkPolicy');
  const named = (name: string) => policies.find(({ metadata }) => metadata.name === name)!.spec;
  t.deepEqual(named('broker-queues').podSelector.matchExpressions?.[0]?.values, roles);
  const letIn = named('rabbitmq').ingress?.[0]?.from?.[0]?.podSelector?.matchExpressions?.[0];
  t.deepEqual(letIn?.values, roles);
});

test('the Broker takes events from its own namespace, from Knative, and from namespaces that are let', (t) => {
  const policies = ofKind<Policy>('NetworkPolicy');
  const { ingress } = policies.find(({ metadata }) => metadata.name === 'broker-ingress')!.spec;
  t.deepEqual(ingress?.[0]?.from, [
    { podSelector: {} },
    { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'knative-eventing' } } },
    { namespaceSelector: { matchLabels: { 'events.selvedge.dev/selvedge': 'true' } } },
  ]);
});
