import test from 'ava';
import { inTurn } from '../../../functions/failover/turn.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { FakeKubernetes } from '../../fakes/kubernetes.ts';

const log = createLogger('test');
log.level = 'silent';
const kubernetes = new FakeKubernetes();
const leaseOf = (holder: string) => ({
  ...{ kubernetes, holder, log, seconds: 0.3, now: () => new Date() },
  metadata: { name: 'failover', namespace: 'selvedge' },
});

test('of two that come at once one works after the other', async (t) => {
  let working = 0;
  const order: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    working += 1;
    t.is(working, 1);
    await new Promise((resolve) => setTimeout(resolve, 400));
    order.push(name);
    working -= 1;
  };
  await Promise.all(['one', 'two'].map((name) => inTurn(leaseOf(name), work(name))));
  t.is(order.length, 2);
});

test('work that fails is not done again', async (t) => {
  let times = 0;
  const work = (): Promise<void> => Promise.reject(new Error(`failed ${++times}`));
  await t.throwsAsync(inTurn(leaseOf('three'), work), { message: 'failed 1' });
});
