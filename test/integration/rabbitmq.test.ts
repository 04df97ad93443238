/** Three real members, and the two ends of the Broker as Knative would start them. */
import test from 'ava';

import { until } from '../../functions/lib/until.ts';
import { Members } from './rabbitmq/members.ts';

let members: Members;

test.before(async (t) => {
  t.timeout(295_000);
  members = await Members.prepare();
  await members.start();
  await members.makeBroker();
  members.subscribe();
  await members.startEnd('ingress', 1);
});
test.after.always(() => members.stop());

/** Waits until the subscriber has all of them. */
const arrived = (ids: readonly string[]): Promise<boolean> =>
  until({ what: 'the events to arrive', timeoutMs: 90_000, mostMs: 500 }, async () => {
    const got = new Set(await members.got());
    return ids.every((id) => got.has(id));
  });

const sendUntilAccepted = (name: string): Promise<string[]> =>
  until({ what: 'an event to be accepted', timeoutMs: 60_000 }, async () => {
    const ids = await members.send(name, 1);
    return ids.length > 0 && ids;
  });

test.serial('a queue has all members', async (t) => {
  t.is((await members.inQueue(members.machines[1]!)).length, 3);
});

test.serial('what was accepted outlives the loss of a member, and arrives', async (t) => {
  t.timeout(295_000);
  await sendUntilAccepted('warm');
  const sending = members.send('while', 300);
  await until({ what: 'some to be accepted', timeoutMs: 30_000 }, async () => {
    return (await members.lines('while')).length > 50;
  });
  await members.machines[2]!.crash();
  const ids = await sending;
  t.true(ids.length > 50);
  await members.startEnd('dispatcher', 0);
  await arrived(ids);
  t.deepEqual(
    [...new Set(await members.got())].filter((id) => id.startsWith('while')),
    ids,
  );
  members.startKeeper(members.machines[2]!);
  await members.serving(3);
});

test.serial('a member without its disk is one of the queue again', async (t) => {
  t.timeout(295_000);
  await members.loseDisk(members.machines[2]!);
  const ids = await sendUntilAccepted('without');
  members.startKeeper(members.machines[2]!);
  await members.serving(3);
  t.is((await members.inQueue(members.machines[1]!)).length, 3);
  await arrived(ids);
});

test.serial('and holds it up when another is lost', async (t) => {
  t.timeout(295_000);
  await members.machines[0]!.crash();
  const ids = await sendUntilAccepted('after');
  t.is(ids.length, 1);
  members.startKeeper(members.machines[0]!);
  await members.serving(3);
  await arrived(ids);
});

test.serial('the first member without its disk makes no second cluster', async (t) => {
  t.timeout(295_000);
  await members.loseDisk(members.machines[0]!);
  members.startKeeper(members.machines[0]!);
  await members.serving(3);
  t.is((await members.inQueue(members.machines[1]!)).length, 3);
});
