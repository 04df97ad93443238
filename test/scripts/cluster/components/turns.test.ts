import test from 'ava';
import { Turns } from '../../../../scripts/cluster/components/turns.ts';
import { componentNames } from '../../../../scripts/cluster/components/index.ts';

const yes = Promise.resolve(true);

test('of those that wait the lowest rank comes first, whoever asked first', async (t) => {
  const turns = new Turns();
  const order: string[] = [];
  const work = (name: string) => () => Promise.resolve(void order.push(name));
  await Promise.all([
    turns.take(2, yes, work('later')),
    turns.take(0, yes, work('first')),
    turns.take(1, yes, work('second')),
  ]);
  t.deepEqual(order, ['first', 'second', 'later']);
});

test('one piece of work at a time', async (t) => {
  const turns = new Turns();
  let running = 0;
  const work = async (): Promise<void> => {
    t.is(++running, 1);
    await new Promise(setImmediate);
    running--;
  };
  await Promise.all([1, 2, 3].map((rank) => turns.take(rank, yes, work)));
  t.is(running, 0);
});

test('what needs nothing does not wait for a turn', async (t) => {
  const turns = new Turns();
  const { promise: never } = Promise.withResolvers<undefined>();
  void turns.take(0, yes, () => never);
  await new Promise(setImmediate);
  await turns.take(1, Promise.resolve(false), () => Promise.reject(new Error('not asked for')));
  t.pass();
});

test('work that fails is told to whoever asked, and the next has its turn', async (t) => {
  const turns = new Turns();
  const failing = turns.take(0, yes, () => Promise.reject(new Error('no')));
  const next = turns.take(1, yes, () => Promise.resolve());
  await t.throwsAsync(failing, { message: 'no' });
  await t.notThrowsAsync(next);
});

test('a cold start builds first what everything else waits for', (t) => {
  const at = (name: (typeof componentNames)[number]): number => componentNames.indexOf(name);
  t.is(at('kubernetes'), 0);
  for (const early of ['etcd', 'kube-router', 'coredns', 'local-path-provisioner'] as const)
    for (const late of ['vault', 'minio', 'knative', 'fabric'] as const)
      t.true(at(early) < at(late), `${early} before ${late}`);
});
