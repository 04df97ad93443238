import test from 'ava';
import {
  Attestation,
  type Attestor,
  type Question,
} from '../../../../functions/lib/fabric/attested.ts';
import { IntegrityError, Unavailable } from '../../../../functions/lib/errors.ts';

const question = { transaction: 'head', args: ['id'] };

/** An organization whose peers say these things one after another, the last of them for good. */
function says(mspId: string, texts: (string | Error)[], height: number | number[] = 7): Attestor {
  let asked = 0;
  let looked = 0;
  const next = <T>(all: readonly T[], at: number): T => all[Math.min(at, all.length - 1)]!;
  return {
    mspId,
    answer: (questions, turn) => {
      const text = next(texts, asked++);
      if (text instanceof Error) return Promise.reject(text);
      const heightNow = () => next([height].flat(), looked++);
      return Promise.resolve({
        ...{ mspId, address: `${mspId}.test`, texts: questions.map(() => text) },
        ...(turn > 0 && { before: heightNow() }),
        height: () => Promise.resolve(heightNow()),
      });
    },
  };
}

/** A peer whose next block is there whenever it has just answered from the one before. */
function catchesUpAfterAnswers(): Attestor {
  const said = { mspId: 'B', address: 'B.test', before: 8, height: () => Promise.resolve(9) };
  return {
    mspId: 'B',
    answer: (questions) => Promise.resolve({ ...said, texts: questions.map(() => 'v1') }),
  };
}

const silent = new Unavailable('it is silent');

const answered: Record<string, [Attestor[], string]> = {
  'two organizations that say the same': [[says('A', ['v2']), says('B', ['v2'])], 'v2'],
  'the only organization of a channel': [[says('A', ['v2'])], 'v2'],
  'one that was a block behind': [[says('A', ['v2']), says('B', ['v1', 'v1', 'v2'])], 'v2'],
  'a datum that changes with every look': [
    [says('A', ['v1', 'v2', 'v3']), says('B', ['v0', 'v1', 'v2'])],
    'v1',
  ],
  'one peer that lies where its neighbour does not': [
    [says('A', ['false', 'v2']), says('B', ['v2'])],
    'v2',
  ],
  'a third organization in the place of a silent one': [
    [says('A', ['v2']), says('B', [silent]), says('C', ['v2'])],
    'v2',
  ],
};

for (const [name, [attestors, text]] of Object.entries(answered)) {
  test(`believed: ${name}`, async (t) => {
    t.is(await new Attestation(attestors, 500).ask(question), text);
  });
}

const refused: Record<string, [Attestor[], typeof IntegrityError | typeof Unavailable]> = {
  'a peer that answers falsely': [[says('A', ['v2']), says('B', ['v1'])], IntegrityError],
  'a peer that never was told of any block': [
    [says('A', ['v2'], 9), says('B', ['v1'], 3)],
    Unavailable,
  ],
  'a peer that says to lag and then has caught up': [
    [says('A', ['v2'], 9), says('B', ['v1'], [3, 9])],
    IntegrityError,
  ],
  'a peer that had the last block only once it had answered': [
    [says('A', ['v2'], 9), catchesUpAfterAnswers()],
    Unavailable,
  ],
  'one organization that says the same twice': [
    [says('A', ['false']), says('B', ['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8'])],
    IntegrityError,
  ],
  'one organization while the other is silent': [
    [says('A', ['v2']), says('B', [silent])],
    Unavailable,
  ],
  'nobody at all': [[], Unavailable],
};

for (const [name, [attestors, error]] of Object.entries(refused)) {
  test(`not believed: ${name}`, async (t) => {
    const thrown = await t.throwsAsync(new Attestation(attestors, 100).ask(question));
    t.is(thrown.constructor, error);
  });
}

/** An organization that keeps what it is asked, and says of each datum what is given. */
function keeps(mspId: string, say: (id: string) => string, gate?: Promise<undefined>) {
  const asked: string[][] = [];
  const attestor: Attestor = {
    mspId,
    answer: async (questions) => {
      asked.push(questions.map(({ args }) => args.join()));
      await gate;
      const texts = questions.map(({ args: [id = ''] }) => say(id));
      const height = () => Promise.resolve(7);
      return { mspId, address: `${mspId}.test`, texts, before: 7, height };
    },
  };
  return { attestor, asked };
}

const of = (id: string): Question => ({ transaction: 'head', args: [id] });

test('questions that come while peers are asked go together in the next round', async (t) => {
  const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
  const [a, b] = ['A', 'B'].map((mspId) => keeps(mspId, (id) => `head of ${id}`, gate));
  const attestation = new Attestation([a!.attestor, b!.attestor]);
  const answers = ['1', '2', '3'].map((id) => attestation.ask(of(id)));
  open(undefined);
  t.deepEqual(await Promise.all(answers), ['head of 1', 'head of 2', 'head of 3']);
  t.deepEqual(
    [a!.asked, b!.asked],
    [
      [['1'], ['2', '3']],
      [['1'], ['2', '3']],
    ],
  );
});

test('a datum of which peers say different things holds no other up', async (t) => {
  const a = keeps('A', (id) => (id === 'forged' ? 'false' : 'true'));
  const b = keeps('B', () => 'true');
  const attestation = new Attestation([a.attestor, b.attestor], 300);
  const forged = t.throwsAsync(attestation.ask(of('forged')), { instanceOf: IntegrityError });
  t.is(await attestation.ask(of('other')), 'true');
  t.true(a.asked.length <= 2);
  await forged;
});

test('an organization that is silent once is asked again', async (t) => {
  const a = says('A', [silent, 'v2']);
  const attestation = new Attestation([a]);
  await t.throwsAsync(attestation.ask(question), { instanceOf: Unavailable });
  t.is(await attestation.ask(question), 'v2');
});
