import test from 'ava';
import { proxyPath, sendToBroker } from '../../../scripts/cli/broker.ts';
import type { Call } from '../../../functions/lib/kubernetes/http.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const table: Record<string, string> = {
  'http://broker-ingress.knative-eventing.svc.cluster.local/selvedge/default':
    '/api/v1/namespaces/knative-eventing/services/http:broker-ingress:80/proxy/selvedge/default',
  'http://default-broker-ingress.selvedge.svc:8080':
    '/api/v1/namespaces/selvedge/services/http:default-broker-ingress:8080/proxy/',
  'https://ingress.kafka.svc.cluster.local/selvedge/default':
    '/api/v1/namespaces/kafka/services/https:ingress:443/proxy/selvedge/default',
};

for (const [address, path] of Object.entries(table)) {
  test(`${address} is reached through the API server`, (t) => {
    t.is(proxyPath(address), path);
  });
}

test('what is no Service of the cluster is not reached so', (t) => {
  t.throws(() => proxyPath('http://broker.example/'), { message: /no Service of the cluster/ });
});

const brokerAt = (url?: string): FakeObjects =>
  new FakeObjects({
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Broker',
    metadata: { name: 'default', namespace: 'selvedge' },
    status: { address: { url } },
  } as never);

test('an event goes to the Broker in structured mode', async (t) => {
  const calls: Call[] = [];
  const http = { done: (call: Call) => Promise.resolve(void calls.push(call)) };
  const kubernetes = brokerAt('http://b.e.svc.cluster.local/selvedge/default').edge;
  const event = { specversion: '1.0', id: '1' };
  await sendToBroker({ kubernetes, http }, 'selvedge', event);
  t.like(calls[0], {
    method: 'POST',
    path: '/api/v1/namespaces/e/services/http:b:80/proxy/selvedge/default',
    contentType: 'application/cloudevents+json; charset=utf-8',
    body: event,
  });
});

test('without a Broker that is ready that is said', async (t) => {
  const http = { done: () => Promise.reject(new Error('never called')) };
  for (const cluster of [brokerAt(), new FakeObjects()]) {
    const sent = sendToBroker({ kubernetes: cluster.edge, http }, 'selvedge', {});
    await t.throwsAsync(sent, { message: /no Broker default in selvedge that is ready/ });
  }
});
