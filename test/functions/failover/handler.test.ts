import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { CloudEvent } from 'cloudevents';
import { endpoints } from '../../../functions/failover/handler.ts';
import { createRecorder } from '../../../functions/failover/record.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { functionApp } from '../../../functions/lib/function/serve.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const log = createLogger('test');
log.level = 'silent';

/** The function with a fake cluster and Broker behind it, and one event sent to it. */
async function send(headers: Record<string, string>, pass: () => Promise<void>) {
  const cluster = new FakeObjects();
  const sent: CloudEvent<unknown>[] = [];
  const broker = {
    send: (event: CloudEvent<unknown>) => Promise.resolve(sent.push(event)).then(() => undefined),
  };
  const kubernetes = cluster.edge;
  const recorder = createRecorder({
    kubernetes,
    broker,
    namespace: 'selvedge',
    log,
  });
  const server = functionApp({ endpoints: endpoints(pass, recorder), log }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      method: 'POST',
      headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/test', ...headers },
      signal: AbortSignal.timeout(5_000),
    });
    return { status: response.status, events: [...cluster.objects.values()], sent };
  } finally {
    server.close();
  }
}

test('a pod’s event and the resync both cause a pass', async (t) => {
  for (const type of ['dev.knative.apiserver.ref.update', 'dev.knative.sources.ping']) {
    let passes = 0;
    const { status } = await send({ 'ce-type': type }, () =>
      Promise.resolve(passes++).then(() => undefined),
    );
    t.is(status, 204);
    t.is(passes, 1);
  }
});

test('a pass that must be tried again answers 503, which the Broker retries', async (t) => {
  const fail = () => Promise.reject(new Unavailable('vault-1: it does not answer yet'));
  const { status } = await send({ 'ce-type': 'dev.knative.sources.ping' }, fail);
  t.is(status, 503);
});

test('a dead letter of any type is recorded and causes no pass', async (t) => {
  let passes = 0;
  const headers = {
    'ce-type': 'dev.selvedge.data.stored.v1',
    'ce-knativeerrordest': 'http://subscriber.example/',
    'ce-knativeerrorcode': '500',
  };
  const { status, events } = await send(headers, () =>
    Promise.resolve(passes++).then(() => undefined),
  );
  t.is(status, 204);
  t.is(passes, 0);
  t.like(events[0], {
    kind: 'Event',
    reason: 'DeadLetter',
    type: 'Warning',
    message:
      'dev.selvedge.data.stored.v1 1 of /test was not taken by http://subscriber.example/ (500)',
    involvedObject: { kind: 'Broker', name: 'default' },
  });
});
