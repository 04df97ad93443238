import test from 'ava';
import { createKeeper } from '../../../../functions/failover/letters/keep.ts';
import { fromConfigMap, type DeadLetter } from '../../../../functions/lib/dead-letter.ts';
import { Forbidden, Unavailable } from '../../../../functions/lib/errors.ts';
import type { Kubernetes } from '../../../../functions/lib/kubernetes/client.ts';
import { FakeKubernetes } from '../../../fakes/kubernetes.ts';

const letter = (id: string, subscriber = 'http://a/'): DeadLetter => ({
  event: { specversion: '1.0', id, source: '/s', type: 't.v1', data: { of: id } },
  subscriber,
  code: '400',
});

function keeper(kubernetes: Kubernetes, most?: number) {
  const told: string[] = [];
  const keep = createKeeper({
    kubernetes,
    namespace: 'selvedge',
    recorder: {
      kept: ({ event }) => Promise.resolve(void told.push(`kept ${event.id}`)),
      dropped: (name) => Promise.resolve(void told.push(`dropped ${name}`)),
    },
    ...(most !== undefined && { most }),
  });
  return { told, keep };
}

test('a dead letter is kept whole, and told', async (t) => {
  const cluster = new FakeKubernetes();
  const { told, keep } = keeper(cluster);
  await keep(letter('1'));
  const [map] = cluster.all('ConfigMap');
  t.like(map?.metadata, {
    namespace: 'selvedge',
    labels: { 'selvedge.dev/dead-letter': 'true' },
  });
  t.regex(map!.metadata.name, /^dead-letter-[0-9a-f]{16}$/);
  t.like(fromConfigMap(map!), letter('1'));
  t.deepEqual(told, ['kept 1']);
});

test('one that comes twice is kept once, told once, and is another object', async (t) => {
  const cluster = new FakeKubernetes();
  const { told, keep } = keeper(cluster);
  await keep(letter('1'));
  const [first] = cluster.all('ConfigMap');
  await keep(letter('1'));
  const letters = cluster.all('ConfigMap');
  t.deepEqual(
    letters.map(({ metadata }) => metadata.name),
    [first!.metadata.name],
  );
  t.not(letters[0]!.metadata.uid, first!.metadata.uid);
  t.deepEqual(told, ['kept 1']);
});

test('what two subscribers did not take is kept for each', async (t) => {
  const cluster = new FakeKubernetes();
  const { keep } = keeper(cluster);
  await keep(letter('1', 'http://a/'));
  await keep(letter('1', 'http://b/'));
  t.is(cluster.all('ConfigMap').length, 2);
});

test('where they are too many the oldest goes, and that is told', async (t) => {
  const cluster = new FakeKubernetes();
  const { told, keep } = keeper(cluster, 2);
  for (const [second, id] of ['1', '2', '3'].entries()) {
    cluster.onChange = ({ metadata }) => {
      cluster.onChange = () => undefined;
      const stored = cluster.all('ConfigMap').find((one) => one.metadata.name === metadata.name);
      stored!.metadata.creationTimestamp = `2026-01-01T00:00:0${second}Z`;
    };
    await keep(letter(id));
  }
  const left = cluster.all('ConfigMap').map((map) => fromConfigMap(map).event.id);
  t.deepEqual(left, ['2', '3']);
  t.regex(told.join(), /^kept 1,kept 2,kept 3,dropped dead-letter-[0-9a-f]{16}$/);
});

test('whatever is in the way of keeping it, it is to be sent again', async (t) => {
  for (const fault of [new Unavailable('away'), new Forbidden('no rights yet')]) {
    const cluster = { create: () => Promise.reject(fault) } as unknown as Kubernetes;
    const { told, keep } = keeper(cluster);
    const error = await t.throwsAsync(keep(letter('1')), { instanceOf: Unavailable });
    t.is(error.cause, fault);
    t.deepEqual(told, []);
  }
});
