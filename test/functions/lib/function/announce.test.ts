import test from 'ava';
import type { CloudEvent } from 'cloudevents';
import { createAnnouncer } from '../../../../functions/lib/function/announce.ts';

const suspected = (address: string) => ({ kind: 'etcd' as const, address, since: new Date(0) });

/** An announcer whose sends end when the test says so. */
function announcer() {
  const sent: CloudEvent<unknown>[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const clock = { now: 0 };
  const tell = createAnnouncer({
    observer: 'data-put',
    now: () => clock.now,
    failover: {
      send: (event) => {
        sent.push(event);
        return new Promise((resolve, reject) => {
          ends.push((error) => (error ? reject(error) : resolve()));
        });
      },
    },
  });
  return { tell, sent, ends, clock };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('it says who does not answer, who says so, and since when', (t) => {
  const { tell, sent } = announcer();
  tell(suspected('https://etcd-0:2379'));
  t.like(sent[0], {
    type: 'dev.selvedge.member.suspected.v1',
    source: '/selvedge/data-put',
    subject: 'https://etcd-0:2379',
    data: {
      kind: 'etcd',
      address: 'https://etcd-0:2379',
      observer: 'data-put',
      since: '1970-01-01T00:00:00.000Z',
    },
  });
});

test('about one address it says so once in five seconds at most, and of each address apart', async (t) => {
  const { tell, sent, ends, clock } = announcer();
  for (const address of ['https://a:1', 'https://a:1', 'https://b:1']) tell(suspected(address));
  t.is(sent.length, 2);
  ends[0]?.();
  await settled();
  clock.now = 4_999;
  tell(suspected('https://a:1'));
  t.is(sent.length, 2);
  clock.now = 5_000;
  tell(suspected('https://a:1'));
  t.is(sent.length, 3);
});

test('what failover did not take is said again after a second', async (t) => {
  const { tell, sent, ends, clock } = announcer();
  tell(suspected('https://a:1'));
  ends[0]?.(new Error('failover is away'));
  await settled();
  clock.now = 999;
  tell(suspected('https://a:1'));
  t.is(sent.length, 1);
  clock.now = 1_000;
  tell(suspected('https://a:1'));
  t.is(sent.length, 2);
});

test('while one event about an address is on its way, no other follows; a failure is nobody’s', async (t) => {
  const { tell, sent, ends, clock } = announcer();
  tell(suspected('https://a:1'));
  clock.now = 5_000;
  tell(suspected('https://a:1'));
  t.is(sent.length, 1);
  ends[0]?.(new Error('failover is away'));
  await settled();
  tell(suspected('https://a:1'));
  t.is(sent.length, 2);
});
