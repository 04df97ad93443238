import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { CloudEvent } from 'cloudevents';
import { pino } from 'pino';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { functionApp } from '../../../functions/lib/function/serve.ts';
import {
  createEndpoints,
  type EventObject,
  networkOf,
} from '../../../functions/provisioning/handler.ts';
import type { NetworkId } from '../../../functions/provisioning/resources/names.ts';
import { FakeKubernetes } from '../../fakes/kubernetes.ts';
import { own, supply } from './world.ts';

const resource = (verb: string): string => `dev.knative.apiserver.resource.${verb}`;
const id = { namespace: 'selvedge', network: 'supply' };

const network = (
  metadata: Partial<EventObject['metadata']> = {},
  status?: EventObject['status'],
): EventObject => ({
  kind: 'FabricNetwork',
  metadata: { name: 'supply', namespace: 'selvedge', generation: 2, ...metadata },
  ...(status && { status }),
});
const workload = (labels?: Record<string, string>, namespace = own): EventObject => ({
  kind: 'StatefulSet',
  metadata: { name: 'farm-peer', namespace, ...(labels && { labels }) },
});

const decisions: Record<string, [EventObject, string, NetworkId | undefined]> = {
  'a new network': [network(), 'add', id],
  'a changed spec': [network({}, { observedGeneration: 1, phase: 'Ready' }), 'update', id],
  'our own writing of a status': [
    network({}, { observedGeneration: 2, phase: 'Progressing' }),
    'update',
    undefined,
  ],
  'a network on its way out': [
    network({ deletionTimestamp: '2026-01-01T00:00:00Z' }, { observedGeneration: 2 }),
    'update',
    id,
  ],
  'a network that is gone': [network(), 'delete', undefined],
  'a ready network told anew': [
    network({}, { observedGeneration: 2, phase: 'Ready' }),
    'add',
    undefined,
  ],
  'an unready network told anew': [
    network({}, { observedGeneration: 2, phase: 'Progressing' }),
    'add',
    id,
  ],
  'a workload of a network': [workload({ 'selvedge.dev/network': 'supply' }), 'update', id],
  'a workload that is gone': [workload({ 'selvedge.dev/network': 'supply' }), 'delete', id],
  'a workload of nobody we know': [workload(), 'update', undefined],
  'a workload elsewhere that only says so': [
    workload({ 'selvedge.dev/network': 'supply' }, 'selvedge'),
    'update',
    undefined,
  ],
};
for (const [what, [object, verb, wanted]] of Object.entries(decisions)) {
  test(`${what} ${wanted ? 'wakes a pass' : 'is acknowledged'}`, (t) => {
    t.deepEqual(networkOf(object, resource(verb), id.namespace), wanted);
  });
}

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { opened: promise, open: () => resolve(undefined) };
}

interface Served {
  passes: NetworkId[];
  /** Whom it was told that it waits. */
  greeted: string[];
  /** What went to the Broker. */
  sent: CloudEvent<unknown>[];
  send: (type: string, data: unknown, extensions?: Record<string, string>) => Promise<number>;
}

async function served(
  t: ExecutionContext,
  reconcile: (id: NetworkId) => Promise<void> = () => Promise.resolve(),
): Promise<Served> {
  const passes: NetworkId[] = [];
  const greeted: string[] = [];
  const sent: CloudEvent<unknown>[] = [];
  const kubernetes = new FakeKubernetes();
  await kubernetes.create(supply());
  const endpoints = createEndpoints({
    kubernetes,
    broker: { send: (event) => Promise.resolve(void sent.push(event)) },
    greet: (one) => Promise.resolve(void greeted.push(one.network)),
    namespace: 'selvedge',
    reconcile: (one) => {
      passes.push(one);
      return reconcile(one);
    },
  });
  const server = createServer(functionApp({ endpoints, log: pino({ level: 'silent' }) }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    passes,
    greeted,
    sent,
    send: async (type, data, extensions = {}) => {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-type': type,
          'ce-source': '/test',
          'ce-id': '1',
          ...extensions,
        },
        body: JSON.stringify(data),
      });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

test('a new network gets a pass', async (t) => {
  const { passes, send } = await served(t);
  t.is(await send(resource('add'), network()), 200);
  t.deepEqual(passes, [id]);
});

test('another version of provisioning looks at every network', async (t) => {
  const { passes, sent, send } = await served(t);
  const itself = { kind: 'Service', metadata: { name: 'provisioning', namespace: 'selvedge' } };
  t.is(await send(resource('update'), itself), 200);
  t.deepEqual(passes, []);
  t.deepEqual(
    sent.map(({ type, network: named }) => [type, named]),
    [['dev.selvedge.network.resync.v1', 'supply']],
  );
});

test('the clock wakes each network by an event of its own', async (t) => {
  const { passes, sent, send } = await served(t);
  t.is(await send('dev.knative.sources.ping', {}), 200);
  t.deepEqual(passes, []);
  t.is(sent.length, 1);
  t.like(sent[0], {
    type: 'dev.selvedge.network.resync.v1',
    wakes: 'provisioning',
    network: 'supply',
  });
  t.is(await send(sent[0]!.type, undefined, { 'ce-network': 'supply' }), 200);
  t.deepEqual(passes, [id]);
});

test('of many networks that the clock woke, four have a pass at once', async (t) => {
  const { opened, open } = gate();
  const { passes, send } = await served(t, ({ network }) =>
    network === 'changed' ? Promise.resolve() : opened,
  );
  const answers = [1, 2, 3, 4, 5, 6].map((n) =>
    send('dev.selvedge.network.resync.v1', undefined, { 'ce-network': `n${n}` }),
  );
  while (passes.length < 4) await new Promise((resolve) => setImmediate(resolve));
  t.is(await send(resource('add'), network({ name: 'changed' })), 200);
  t.is(passes.length, 5);
  open();
  t.deepEqual(await Promise.all(answers), [200, 200, 200, 200, 200, 200]);
});

test('of ten bad networks and a good one, the good one is greeted while they take all slots', async (t) => {
  const { opened, open } = gate();
  const { passes, greeted, send } = await served(t, ({ network }) =>
    network === 'good' ? Promise.resolve() : opened,
  );
  const bad = Array.from({ length: 10 }, (_, n) =>
    send(resource('add'), network({ name: `bad${n}` })),
  );
  while (passes.length < 10) await new Promise((resolve) => setImmediate(resolve));
  const good = send(resource('add'), network({ name: 'good' }));
  while (greeted.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(greeted, ['good']);
  open();
  t.is(await good, 200);
  await Promise.all(bad);
});

test('an event of another kind is acknowledged', async (t) => {
  const { passes, send } = await served(t);
  t.is(await send('org.example.something.v1', { any: 'thing' }), 200);
  t.deepEqual(passes, []);
});

test('an object that is none is refused for good', async (t) => {
  const { send } = await served(t);
  t.is(await send(resource('add'), { metadata: {} }), 400);
});

test('what may work later is answered so that the Broker tries again', async (t) => {
  const { send } = await served(t, () => Promise.reject(new Unavailable('sealed')));
  t.is(await send(resource('add'), network()), 503);
});

test('events during a pass do not queue: it goes round once more', async (t) => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const { passes, send } = await served(t, () => gate);
  const first = send(resource('add'), network());
  while (passes.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const labels = { 'selvedge.dev/network': 'supply' };
  t.is(await send(resource('update'), workload(labels)), 202);
  t.is(await send(resource('update'), workload(labels)), 202);
  release();
  t.is(await first, 200);
  t.is(passes.length, 2);
});
