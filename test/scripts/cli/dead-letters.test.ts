import test from 'ava';
import {
  fromConfigMap,
  toConfigMap,
  type DeadLetter,
  type KeptLetter,
} from '../../../functions/lib/dead-letter.ts';
import { choose, drop, listLetters, replay } from '../../../scripts/cli/dead-letters.ts';
import { FakeKubernetes } from '../../fakes/kubernetes.ts';

const namespace = 'selvedge';
const letter = (id: string, more: Partial<DeadLetter> = {}): DeadLetter => ({
  event: { specversion: '1.0', id, source: '/s', type: 't.v1', wakes: 'x', data: { of: id } },
  subscriber: 'http://a/',
  ...more,
});
const idOf = (one: DeadLetter): string => fromConfigMap(toConfigMap(one, namespace)).id;

/** A cluster with letters, and a Broker that refuses some events. */
async function world(letters: DeadLetter[], refused: string[] = []) {
  const cluster = new FakeKubernetes();
  await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'o', namespace } });
  for (const one of letters) await cluster.create(toConfigMap(one, namespace));
  const said: string[] = [];
  const sent: object[] = [];
  const at = {
    kubernetes: cluster,
    namespace,
    say: (line: string) => void said.push(line),
    send: (event: object): Promise<void> => {
      if (refused.includes((event as { id: string }).id))
        return Promise.reject(new Error('the Broker answered 400'));
      return Promise.resolve(void sent.push(event));
    },
  };
  const left = async () => (await listLetters(at)).map(({ event }) => event.id);
  return { cluster, at, said, sent, left };
}

test('the letters are listed, and no other ConfigMap', async (t) => {
  const { left } = await world([letter('1'), letter('2')]);
  t.deepEqual((await left()).sort(), ['1', '2']);
});

test('one is sent again as it was, and is gone then', async (t) => {
  const { at, said, sent, left } = await world([letter('1'), letter('2')]);
  await replay(at, { ids: [idOf(letter('2'))] });
  t.deepEqual(sent, [letter('2').event]);
  t.deepEqual(await left(), ['1']);
  t.deepEqual(said, [`${idOf(letter('2'))} was sent again`]);
});

test('what the Broker does not take is kept, the others are sent, and the command fails', async (t) => {
  const { at, said, sent, left } = await world([letter('1'), letter('2')], ['1']);
  const error = await t.throwsAsync(replay(at, { ids: [], all: true }));
  t.is(error.message, '1 of 2 were not sent again');
  t.true(said.includes(`${idOf(letter('1'))} is kept: the Broker answered 400`));
  t.is(sent.length, 1);
  t.deepEqual(await left(), ['1']);
});

test('one whose data were not kept is not sent without them', async (t) => {
  const cut = letter('1', { dataLeftOut: 70_000 });
  const { at, said, sent, left } = await world([cut]);
  await t.throwsAsync(replay(at, { ids: [], all: true }));
  t.regex(said.join(), /its 70000 bytes of data were too many/);
  t.deepEqual([sent, await left()], [[], ['1']]);
});

test('one that comes back while it is being sent is kept', async (t) => {
  const { cluster, at, said, left } = await world([letter('1')]);
  const map = toConfigMap(letter('1'), namespace);
  const comesBack = async (): Promise<void> => {
    const { apiVersion, kind, metadata } = map;
    await cluster.remove({ apiVersion, kind, namespace, name: metadata.name });
    await cluster.create(map);
  };
  await t.throwsAsync(replay({ ...at, send: comesBack }, { ids: [], all: true }));
  t.regex(said.join(), /sent again, and again not taken/);
  t.deepEqual(await left(), ['1']);
});

test('some are dropped, or all', async (t) => {
  const { at, sent, left } = await world([letter('1'), letter('2'), letter('3')]);
  await drop(at, { ids: [idOf(letter('2'))] });
  t.deepEqual((await left()).sort(), ['1', '3']);
  await drop(at, { ids: [], all: true });
  t.deepEqual([sent, await left()], [[], []]);
});

const kept = ['a', 'b'].map((id) => ({ ...letter(id), id }) as KeptLetter);
const choices: Record<string, [Parameters<typeof choose>[1], string[] | RegExp]> = {
  'those that are named': [{ ids: ['b'] }, ['b']],
  'one that is named twice, once': [{ ids: ['b', 'b'] }, ['b']],
  all: [{ ids: [], all: true }, ['a', 'b']],
  'none, when none is named': [{ ids: [] }, /say which: .* or --all/],
  'none, when some are named beside all': [{ ids: ['a'], all: true }, /say which/],
  'none, when one is not there': [{ ids: ['a', 'c'] }, /called c; see: selvedge events list/],
};
for (const [title, [choice, expected]] of Object.entries(choices)) {
  test(`chosen are ${title}`, (t) => {
    if (expected instanceof RegExp) t.throws(() => choose(kept, choice), { message: expected });
    else
      t.deepEqual(
        choose(kept, choice).map(({ id }) => id),
        expected,
      );
  });
}
