import test from 'ava';
import { until } from '../../functions/lib/until.ts';
import { listLetters } from '../../scripts/cli/dead-letters.ts';
import { command, fresh, kubeconfig, kubernetes, namespace } from './cluster.ts';
import { refusedOnce, send, subscribe } from './workloads.ts';

/** The command line, as a person runs it. */
const selvedge = async (...args: string[]): Promise<string> => {
  const script = ['scripts/run.mjs', 'scripts/cli/main.ts', 'events', ...args];
  return (await command('node', [...script, '--kubeconfig', kubeconfig])).toString();
};

test.serial(
  'an event that its subscriber refuses is kept, and arrives when sent again',
  async (t) => {
    const told = await subscribe(t);
    const subject = fresh('refused');
    await send({ type: refusedOnce, id: subject, subject, data: { kept: subject } });
    const letter = await until(
      { what: 'the dead letter to be kept', timeoutMs: 90_000 },
      async () =>
        (await listLetters({ kubernetes, namespace })).find(({ event }) => event.id === subject),
    );
    t.like(letter, { code: '400', answer: 'not today' });
    t.false((await told()).some((one) => one.subject === subject));

    const line = (await selvedge('list')).split('\n').find((one) => one.startsWith(letter.id));
    t.regex(line ?? '', /400: not today/);
    await selvedge('replay', letter.id);
    const heard = await until({ what: 'the subscriber to take it', timeoutMs: 60_000 }, async () =>
      (await told()).find((one) => one.subject === subject),
    );
    t.deepEqual(JSON.parse(heard.body), { kept: subject });
    const left = await listLetters({ kubernetes, namespace });
    t.false(left.some(({ id }) => id === letter.id));
  },
);
