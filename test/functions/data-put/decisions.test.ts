import test from 'ava';
import {
  chooseTier,
  fate,
  next,
  patience,
  recordLimit,
  type Extent,
} from '../../../functions/data-put/decisions.ts';
import { TooLarge, Unprocessable } from '../../../functions/lib/errors.ts';
import type { Tier } from '../../../functions/lib/events.ts';
import type { Intent } from '../../../functions/lib/data/metadata.ts';

const tiers: Record<string, [Tier | undefined, string, Extent, Tier | 'too large']> = {
  'JSON is a record': [undefined, 'application/json', 10, 'record'],
  'JSON with parameters is a record': [undefined, 'Application/JSON; charset=utf-8', 10, 'record'],
  'a type that ends in +json is a record': [undefined, 'application/ld+json', 10, 'record'],
  'empty JSON is a record': [undefined, 'application/json', 0, 'record'],
  'JSON of exactly 1 MiB is a record': [undefined, 'application/json', recordLimit, 'record'],
  'JSON over 1 MiB is an object': [undefined, 'application/json', 'more', 'object'],
  'a picture is an object': [undefined, 'image/png', 10, 'object'],
  'a type that only begins like JSON is an object': [undefined, 'application/jsonl', 10, 'object'],
  'no type is an object': [undefined, '', 10, 'object'],
  'what is asked for as a record is one': ['record', 'image/png', 10, 'record'],
  'what is asked for as an object is one': ['object', 'application/json', 10, 'object'],
  'a record over 1 MiB is too large': ['record', 'application/json', 'more', 'too large'],
  'a large object may be asked for': ['object', 'image/png', 'more', 'object'],
};

for (const [name, [wanted, type, extent, expected]] of Object.entries(tiers)) {
  test(name, (t) => {
    const choose = () => chooseTier(wanted, type, extent);
    if (expected === 'too large') t.throws(choose, { instanceOf: TooLarge });
    else t.is(choose(), expected);
  });
}

const known = (changes: Partial<Intent> = {}): Intent => ({
  id: 'id',
  namespace: 'selvedge',
  network: 'supply',
  key: 'k',
  version: 1,
  owner: 'alice',
  tier: 'record',
  index: 'etcd://x',
  contentType: 'text/plain',
  createdAt: '2026-01-01T00:00:00.000Z',
  attempt: 'a',
  since: '2026-01-01T00:00:00.000Z',
  state: 'open',
  ...changes,
});
const request = { key: 'k', contentType: 'text/plain' };

const steps: Record<string, [Intent | undefined, string]> = {
  'an unknown id begins': [undefined, 'begin'],
  'an attempt that was cut off is taken over': [known(), 'takeOver'],
  'an attempt that was given up is taken over': [known({ state: 'abandoned' }), 'takeOver'],
  'a whole ciphertext is finished': [known({ state: 'stored' }), 'finish'],
  'what is done is repeated': [known({ state: 'done' }), 'repeat'],
  'an id that was used for another key is refused': [known({ key: 'other' }), 'refused'],
  'an id that was used for another type is refused': [known({ contentType: 'a/b' }), 'refused'],
};

for (const [name, [intent, expected]] of Object.entries(steps)) {
  test(name, (t) => {
    if (expected === 'refused')
      t.throws(() => next(intent, request), { instanceOf: Unprocessable });
    else t.is(next(intent, request), expected as never);
  });
}

const fates: [Intent['state'], number, string][] = [
  ['open', 0, 'leave'],
  ['open', patience.open, 'leave'],
  ['open', patience.open + 1, 'remove'],
  ['stored', patience.stored, 'leave'],
  ['stored', patience.stored + 1, 'finish'],
  ['done', patience.done, 'leave'],
  ['done', patience.done + 1, 'forget'],
  ['abandoned', 0, 'remove'],
  // A clock that runs behind the writer's.
  ['open', -300_000, 'leave'],
];

for (const [state, age, expected] of fates) {
  test(`the sweep: ${state} for ${age} ms: ${expected}`, (t) => {
    const since = '2026-01-01T00:00:00.000Z';
    t.is(fate({ state, since }, new Date(new Date(since).getTime() + age)), expected as never);
  });
}
