import test from 'ava';
import { HTTP, type CloudEvent } from 'cloudevents';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { until } from '../../../functions/lib/until.ts';
import type { ResourceVerb } from '../../../functions/lib/events.ts';
import type { Change } from '../../../functions/source/follow.ts';
import { createTeller } from '../../../functions/source/teller.ts';

const log = createLogger('test');

const change = (verb: ResourceVerb, name: string, readyReplicas = 0): Change => ({
  verb,
  wakes: 'provisioning',
  object: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'net' },
    status: { readyReplicas },
  },
});

/** A Broker that lets a test answer each event. */
function broker() {
  const asked: { event: CloudEvent<unknown>; take: () => void; refuse: () => void }[] = [];
  const send = (event: CloudEvent<unknown>): Promise<void> =>
    new Promise((take, failed) => {
      asked.push({ event, take, refuse: () => failed(new Unavailable('away')) });
    });
  const next = (count: number) =>
    until({ what: `event ${count}`, timeoutMs: 5_000, mostMs: 10 }, () =>
      Promise.resolve(asked[count - 1]),
    );
  return { send, asked, next };
}

const options = (send: (event: CloudEvent<unknown>) => Promise<void>) => ({
  broker: { send },
  log,
  signal: new AbortController().signal,
  firstMs: 1,
  mostMs: 5,
});

const said = ({ type, data }: CloudEvent<unknown>): string =>
  `${type.split('.').at(-1)} ${(data as Change['object']).status?.readyReplicas}`;

test('an event says whom it wakes, and what of which object', async (t) => {
  const { send, next } = broker();
  createTeller(options(send))(change('update', 'orderer', 2));
  const { event } = await next(1);
  const { headers, body } = HTTP.binary(event);
  t.like(headers, {
    'ce-type': 'dev.knative.apiserver.resource.update',
    'ce-subject': 'net/StatefulSet/orderer',
    'ce-wakes': 'provisioning',
  });
  t.like(JSON.parse(body as string), { kind: 'StatefulSet', metadata: { name: 'orderer' } });
});

test('what the Broker does not take is told again', async (t) => {
  const { send, next } = broker();
  createTeller(options(send))(change('update', 'orderer'));
  (await next(1)).refuse();
  (await next(2)).refuse();
  (await next(3)).take();
  t.pass();
});

test('of an object only the newest is told, after the one that is on its way', async (t) => {
  const { send, asked, next } = broker();
  const tell = createTeller(options(send));
  tell(change('update', 'orderer', 0));
  const first = await next(1);
  for (const ready of [1, 2, 3]) tell(change('update', 'orderer', ready));
  first.take();
  const second = await next(2);
  t.is(said(second.event), 'update 3');
  second.take();
  tell(change('delete', 'orderer', 3));
  t.is(said((await next(3)).event), 'delete 3');
  t.is(asked.length, 3);
});

test('an object that nobody heard of is new, whatever became of it', async (t) => {
  const { send, next } = broker();
  const tell = createTeller(options(send));
  tell(change('add', 'orderer', 0));
  const first = await next(1);
  tell(change('update', 'orderer', 1));
  first.refuse();
  t.is(said((await next(2)).event), 'add 1');
});

test('an object does not wait for another', async (t) => {
  const { send, next } = broker();
  const tell = createTeller(options(send));
  tell(change('update', 'orderer', 0));
  await next(1);
  tell(change('update', 'peer', 1));
  t.is(said((await next(2)).event), 'update 1');
});
