import test from 'ava';
import { NotFound, Unavailable } from '../../../../functions/lib/errors.ts';
import type { Answer } from '../../../../functions/lib/suspicion/probe.ts';
import { Silent, Suspects } from '../../../../functions/lib/suspicion/suspects.ts';

const [one, two, three] = ['https://one:1', 'https://two:1', 'https://three:1'];
const all = [one, two, three];

/** Suspects whose world is a table: what each address answers to a look, and the time. */
function world(answers: Record<string, Answer> = {}) {
  const seen = { now: 1_000, looks: [] as string[], told: [] as string[] };
  const suspects = new Suspects({
    kind: 'etcd',
    patienceMs: 1,
    now: () => seen.now,
    probe: (address) => {
      seen.looks.push(address);
      return Promise.resolve(answers[address] ?? 'answers');
    },
    tell: ({ kind, address, since }) => seen.told.push(`${kind} ${address} ${since.getTime()}`),
  });
  return { suspects, seen, answers };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const never = () => new Promise<never>(() => undefined);

test('who failed is tried last, and the others in the order given', (t) => {
  const { suspects, seen } = world();
  suspects.failed(one);
  t.deepEqual(suspects.inOrder(all), [two, three, one]);
  t.deepEqual(seen.told, [`etcd ${one} 1000`]);
});

test('who is late is tried last, and nobody is told', (t) => {
  const { suspects, seen } = world();
  suspects.late(one);
  t.deepEqual(suspects.inOrder(all), [two, three, one]);
  t.deepEqual(seen.told, []);
});

test('where all failed, all are tried', (t) => {
  const { suspects } = world();
  for (const address of all) suspects.failed(address);
  t.deepEqual(suspects.inOrder(all), all);
});

test('who did its work is forgotten', (t) => {
  const { suspects } = world();
  suspects.failed(one);
  suspects.answered(one);
  t.deepEqual(suspects.inOrder(all), all);
});

test('a look in the background brings back who answers it, and no call waits for that', async (t) => {
  const { suspects, seen } = world();
  suspects.failed(one);
  seen.now += 249;
  suspects.inOrder(all);
  t.deepEqual(seen.looks, []);
  seen.now += 1;
  t.deepEqual(suspects.inOrder(all), [two, three, one]);
  await settled();
  t.deepEqual(suspects.inOrder(all), all);
  t.deepEqual(seen.looks, [one]);
});

for (const answer of ['silent', 'refuses'] as const) {
  test(`who is ${answer} at a look stays suspected, is told again, and looked at later`, async (t) => {
    const { suspects, seen } = world({ [one]: answer });
    suspects.failed(one);
    seen.now += 250;
    suspects.inOrder(all);
    await settled();
    t.deepEqual(suspects.inOrder(all), [two, three, one]);
    t.deepEqual(seen.told, [`etcd ${one} 1000`, `etcd ${one} 1000`]);
    seen.now += 499;
    suspects.inOrder(all);
    t.is(seen.looks.length, 1);
  });
}

test('a call to an address that is silent is given up, and so are all that wait for it', async (t) => {
  const { suspects } = world({ [one]: 'silent' });
  const calls = [1, 2].map(() => suspects.watch(one, never));
  for (const call of calls) await t.throwsAsync(call, { instanceOf: Silent });
  t.true(suspects.isSuspected(one));
});

for (const answer of ['answers', 'refuses'] as const) {
  test(`a slow call goes on while its address ${answer}`, async (t) => {
    const { suspects, seen } = world({ [one]: answer });
    const slow = async () => {
      while (seen.looks.length === 0) await settled();
      await settled();
      return 'done';
    };
    t.is(await suspects.watch(one, slow), 'done');
    t.false(suspects.isSuspected(one));
  });
}

test('what is asked in turn comes from the first that works, and the next call begins there', async (t) => {
  const { suspects } = world({ [one]: 'silent' });
  const asked: string[] = [];
  const ask = (address: string) => {
    asked.push(address);
    if (address === one) return never();
    return address === two ? Promise.reject(new Unavailable('sealed')) : Promise.resolve(address);
  };
  t.is(await suspects.inTurn(all, ask), three);
  t.is(await suspects.inTurn(all, ask), three);
  t.deepEqual(asked, [one, two, three, three]);
});

test('a refusal is an answer: nobody else is asked', async (t) => {
  const { suspects } = world();
  const asked: string[] = [];
  const ask = (address: string) => {
    asked.push(address);
    return Promise.reject(new NotFound('no such thing'));
  };
  await t.throwsAsync(suspects.inTurn(all, ask), { instanceOf: NotFound });
  t.deepEqual(asked, [one]);
  t.deepEqual(suspects.inOrder(all), all);
});

test('where none works, the failure of the first is thrown', async (t) => {
  const { suspects } = world();
  const ask = (address: string) => Promise.reject(new Unavailable(address));
  await t.throwsAsync(suspects.inTurn(all, ask), { message: one });
});
