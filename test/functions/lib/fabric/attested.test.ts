import test from 'ava';
import { attested, type Attestor } from '../../../../functions/lib/fabric/attested.ts';
import { IntegrityError, Unavailable } from '../../../../functions/lib/errors.ts';

const question = { transaction: 'head', args: ['id'] };

/** An organization whose peers say these things one after another, the last of them for good. */
function says(mspId: string, texts: (string | Error)[], height: number | number[] = 7): Attestor {
  let asked = 0;
  let looked = 0;
  const next = <T>(all: readonly T[], at: number): T => all[Math.min(at, all.length - 1)]!;
  return {
    mspId,
    answer: () => {
      const text = next(texts, asked++);
      if (text instanceof Error) return Promise.reject(text);
      const heightNow = () => Promise.resolve(next([height].flat(), looked++));
      return Promise.resolve({ mspId, address: `${mspId}.test`, text, height: heightNow });
    },
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
    t.is(await attested(attestors, question, 500), text);
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
    const thrown = await t.throwsAsync(attested(attestors, question, 100));
    t.is(thrown.constructor, error);
  });
}
