/** The Broker keeps what it has accepted, whichever member of RabbitMQ is lost. */
import test from 'ava';
import { storageNamespace, tiers } from '../../../functions/lib/tiers.ts';
import { until } from '../../../functions/lib/until.ts';
import { fresh, isReady, kubernetes, pods } from '../cluster.ts';
import { send, subscribe } from '../workloads.ts';

const type = 'dev.selvedge.test.kept.v1';

/** Sends an event until it is accepted. */
const accepted = (subject: string): Promise<boolean> =>
  until({ what: `${subject} to be accepted`, timeoutMs: 60_000 }, async () => {
    await send({ type, id: subject, subject });
    return true;
  });

for (const member of ['rabbitmq-0', 'rabbitmq-1', 'rabbitmq-2']) {
  test.serial(`what was accepted arrives though ${member} is killed meanwhile`, async (t) => {
    const told = await subscribe(t);
    const subjects = Array.from({ length: 30 }, (_, n) => fresh(`kept-${n}`));
    for (const [n, subject] of subjects.entries()) {
      if (n === 10) await kill(member);
      await accepted(subject);
    }
    await until({ what: 'all of them to arrive', timeoutMs: 120_000 }, async () => {
      const heard = new Set((await told()).map(({ subject }) => subject));
      return subjects.every((subject) => heard.has(subject));
    });
    await until({ what: 'all members to serve again', timeoutMs: 240_000 }, async () => {
      const members = await pods('selvedge.dev/tier=rabbitmq', storageNamespace);
      return members.filter(isReady).length === tiers.rabbitmq.members;
    });
    t.pass();
  });
}

async function kill(name: string): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', namespace: storageNamespace, name };
  await kubernetes.remove(pod, { gracePeriodSeconds: 0 });
}
