import test from 'ava';
import { pino } from 'pino';
import { Gone, Unavailable } from '../../../../functions/lib/errors.ts';
import {
  type Lease,
  type LeaseOptions,
  withLease,
} from '../../../../functions/lib/kubernetes/lease.ts';
import { FakeKubernetes } from '../../../fakes/kubernetes.ts';

const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
const metadata = { name: 'supply-pass', namespace: 'selvedge' };

const options = (kubernetes: FakeKubernetes, holder: string): LeaseOptions => ({
  kubernetes,
  metadata,
  holder,
  seconds: 0.3,
  log: pino({ level: 'silent' }),
  now: () => new Date(),
});

const leaseOf = (kubernetes: FakeKubernetes) => kubernetes.get<Lease>({ ...kind, ...metadata });

/** A Lease that someone took and does not renew. */
async function takenBy(kubernetes: FakeKubernetes, holder: string): Promise<void> {
  const spec = { holderIdentity: holder, leaseDurationSeconds: 0.3 };
  await kubernetes.create<Lease>({ ...kind, metadata, spec });
}

test('it is held during the work and given back after it', async (t) => {
  const kubernetes = new FakeKubernetes();
  const held = await withLease(options(kubernetes, 'me'), async () => {
    return (await leaseOf(kubernetes))?.spec?.holderIdentity;
  });
  t.is(held, 'me');
  t.is((await leaseOf(kubernetes))?.spec?.holderIdentity, '');
});

test('it is given back when the work fails', async (t) => {
  const kubernetes = new FakeKubernetes();
  const work = () => Promise.reject(new Error('no'));
  await t.throwsAsync(withLease(options(kubernetes, 'me'), work), { message: 'no' });
  t.is((await leaseOf(kubernetes))?.spec?.holderIdentity, '');
});

test('a holder that renews keeps everyone else out', async (t) => {
  const kubernetes = new FakeKubernetes();
  let working = 0;
  const work = async () => {
    working += 1;
    t.is(working, 1);
    await new Promise((resolve) => setTimeout(resolve, 800));
    working -= 1;
  };
  const first = withLease(options(kubernetes, 'first'), work);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await t.throwsAsync(withLease(options(kubernetes, 'second'), work), { instanceOf: Unavailable });
  await first;
});

test('a holder that died is followed after its time, whatever the clocks say', async (t) => {
  const kubernetes = new FakeKubernetes();
  await takenBy(kubernetes, 'dead');
  const ahead = { ...options(kubernetes, 'me'), now: () => new Date('1999-01-01T00:00:00Z') };
  t.is(await withLease(ahead, () => Promise.resolve('mine')), 'mine');
});

test('the work is told when the Lease is lost', async (t) => {
  const kubernetes = new FakeKubernetes();
  const lost = withLease(options(kubernetes, 'me'), async (signal) => {
    const lease = (await leaseOf(kubernetes))!;
    await kubernetes.replace({ ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } });
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return signal.aborted;
  });
  t.true(await lost);
  t.is((await leaseOf(kubernetes))?.spec?.holderIdentity, 'thief');
});

test('a holder that died so long ago that its history is gone is followed too', async (t) => {
  const kubernetes = new FakeKubernetes();
  await takenBy(kubernetes, 'dead');
  const watch = kubernetes.watch.bind(kubernetes);
  kubernetes.watch = (of, given) => {
    if (given.resourceVersion !== undefined) throw new Gone('compacted');
    return watch(of, given);
  };
  t.is(await withLease(options(kubernetes, 'me'), () => Promise.resolve('mine')), 'mine');
});
