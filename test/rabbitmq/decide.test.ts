import test from 'ava';

import {
  decide,
  type Other,
  type Said,
  type State,
  type Step,
} from '../../rabbitmq/keeper/decide.ts';

const members = ['a', 'b', 'c'];
const say = (host: string, says: Said | undefined): Other => ({ host, says });

/** The first member, with nothing on its disk, among others like it. */
const fresh: State = {
  me: 'a',
  members,
  says: 'empty',
  others: [say('b', 'empty'), say('c', 'empty')],
  waitedInVain: false,
};
const kept: State = { ...fresh, says: 'kept', others: [say('b', 'kept'), say('c', 'kept')] };

const table: Record<string, [State, Step]> = {
  'the first member makes the cluster when all are there': [fresh, { do: 'form' }],
  'it makes none while one does not answer, which may know of a cluster': [
    { ...fresh, others: [say('b', 'empty'), say('c', undefined)] },
    { do: 'wait', for: 'c to answer' },
  ],
  'nor while one comes back to a cluster': [
    { ...fresh, others: [say('b', undefined), say('c', 'kept')] },
    { do: 'wait', for: 'c to come back' },
  ],
  'another member makes none': [
    { ...fresh, me: 'b', others: [say('a', 'empty'), say('c', 'empty')] },
    { do: 'wait', for: 'a to make the cluster' },
  ],
  'it joins the first once that runs': [
    { ...fresh, me: 'b', others: [say('a', 'running'), say('c', 'empty')] },
    { do: 'join', by: 'a' },
  ],
  'the first without its disk joins the others': [
    { ...fresh, others: [say('b', undefined), say('c', 'running')] },
    { do: 'join', by: 'c' },
  ],
  'one with its disk comes back, whoever is there': [
    { ...kept, others: [say('b', undefined), say('c', undefined)] },
    { do: 'return' },
  ],
  'it goes on waiting for one that kept its disk': [
    { ...kept, waitedInVain: true },
    { do: 'return' },
  ],
  'and for one that does not answer, which may know more': [
    { ...kept, waitedInVain: true, others: [say('b', 'empty'), say('c', undefined)] },
    { do: 'return' },
  ],
  'but not for one that lost its disk': [
    { ...kept, waitedInVain: true, others: [say('b', 'empty'), say('c', 'kept')] },
    { do: 'return-first' },
  ],
  'not before it has tried': [
    { ...kept, others: [say('b', 'empty'), say('c', 'kept')] },
    { do: 'return' },
  ],
  'and one of them alone': [
    { ...kept, me: 'c', waitedInVain: true, others: [say('a', 'kept'), say('b', 'empty')] },
    { do: 'return' },
  ],
  'where the first lost its disk, the second is the first that kept it': [
    { ...kept, me: 'b', waitedInVain: true, others: [say('a', 'empty'), say('c', 'kept')] },
    { do: 'return-first' },
  ],
  'what runs already is come back to': [
    { ...kept, waitedInVain: true, others: [say('b', 'empty'), say('c', 'running')] },
    { do: 'return' },
  ],
};

for (const [title, [state, step]] of Object.entries(table)) {
  test(title, (t) => t.deepEqual(decide(state), step));
}
